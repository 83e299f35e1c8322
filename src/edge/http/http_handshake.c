/*
 * http_handshake.c - the upgrade of a connection to a WebSocket (RFC 6455, section 4.2).
 *
 * The answer goes like any other; once it is written, the descriptor belongs to somebody else and
 * the server forgets the connection.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <string.h>
#include <sys/socket.h>

#include "http_server_priv.h"

static tw_status check_handshake(const tw_http_request *request, tw_slice *ret_key,
                                 tw_error *error) {
    tw_slice value = {0};
    if (!tw_slice_equal_string(request->head.method, "GET"))
        return tw_error_set(error, TW_PROTOCOL, "a WebSocket handshake is a GET");
    if (!http_head_lists(&request->head, "Upgrade", "websocket"))
        return tw_error_set(error, TW_PROTOCOL, "the request does not ask for a WebSocket");
    if (!http_head_lists(&request->head, "Connection", "upgrade"))
        return tw_error_set(error, TW_PROTOCOL, "the request has no \"Connection: Upgrade\"");
    if (!tw_http_request_header(request, "Sec-WebSocket-Version", &value) ||
        !tw_slice_equal_string(value, "13"))
        return tw_error_set(error, TW_PROTOCOL, "only version 13 of WebSocket is spoken here");
    if (!tw_http_request_header(request, "Sec-WebSocket-Key", ret_key) || ret_key->size != 24)
        return tw_error_set(error, TW_PROTOCOL, "the request has no proper Sec-WebSocket-Key");
    return TW_OK;
}

/* Section 4.2.2: base64 of the SHA-1 of the key and a fixed word. */
static tw_status compute_accept(tw_slice key, char accept[static 32]) {
    static const char fixed[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[24 + sizeof fixed];
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    TW_ASSERT(key.size == 24);
    memcpy(text, key.data, key.size);
    memcpy(text + key.size, fixed, sizeof fixed);
    if (EVP_Digest(text, sizeof text - 1, digest, &digest_size, EVP_sha1(), NULL) != 1)
        return TW_NO_MEMORY;
    EVP_EncodeBlock((unsigned char *)accept, digest, (int)digest_size);
    return TW_OK;
}

static tw_status put_answer(tw_http_request *request, const char *accept, const char *extensions) {
    char memory[1024];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_text_append_format(&text,
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n",
                          accept);
    if (extensions != NULL && extensions[0] != '\0')
        tw_text_append_format(&text, "Sec-WebSocket-Extensions: %s\r\n", extensions);
    tw_text_append_string(&text, "\r\n");
    TW_ASSERT(!text.truncated); /* what was agreed is short */
    return http_bytes_put(request->connection->server, &request->output, text.data, text.size);
}

tw_status tw_http_reply_upgrade(tw_http_reply *reply, tw_http_on_upgrade on_upgrade, void *context,
                                tw_error *error) {
    return tw_http_reply_upgrade_with(reply, NULL, on_upgrade, context, error);
}

tw_status tw_http_reply_upgrade_with(tw_http_reply *reply, const char *extensions,
                                     tw_http_on_upgrade on_upgrade, void *context,
                                     tw_error *error) {
    TW_ASSERT(reply != NULL && on_upgrade != NULL);
    tw_http_request *request = &reply->request;
    tw_slice key = {0};
    char accept[32] = {0};
    tw_status status = check_handshake(request, &key, error);
    if (status != TW_OK)
        return status;
    status = compute_accept(key, accept);
    if (status == TW_OK)
        status = put_answer(request, accept, extensions);
    if (status != TW_OK)
        return tw_error_set(error, status, "no memory to answer a WebSocket handshake");
    request->on_upgrade = on_upgrade;
    request->upgrade_context = context;
    http_reply_end(request);
    return TW_OK;
}

void http_handshake_finish(http_connection *connection) {
    tw_http_request *request = connection->request;
    tw_http_on_upgrade on_upgrade = request->on_upgrade;
    void *context = request->upgrade_context;
    http_bytes early = request->later;
    tw_http_server *server = connection->server;
    int fd = connection->fd;
    int yes = 1;
    request->on_upgrade = NULL;
    request->later = (http_bytes){0};
    connection->fd = -1;
    http_connection_free(connection);
    (void)!setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    tw_slice rest = {0};
    if (early.size > early.at)
        rest = (tw_slice){early.data + early.at, early.size - early.at};
    on_upgrade(context, fd, rest);
    http_bytes_free(server, &early);
}
