/* tls_terminator.c - blocking OpenSSL in one thread; simple on purpose. */
#include "tls_terminator.h"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static X509 *make_certificate(EVP_PKEY *key) {
    X509 *certificate = X509_new();
    if (certificate == NULL)
        return NULL;
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_EXTENSION *names = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "DNS:localhost");
    bool made =
        names != NULL && X509_set_version(certificate, 2) == 1 &&
        ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != NULL &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) != NULL &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1,
                                   -1, 0) == 1 &&
        X509_set_issuer_name(certificate, name) == 1 && X509_set_pubkey(certificate, key) == 1 &&
        X509_add_ext(certificate, names, -1) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0;
    X509_EXTENSION_free(names);
    if (made)
        return certificate;
    X509_free(certificate);
    return NULL;
}

static bool write_certificate(tls_terminator *terminator, X509 *certificate) {
    strcpy(terminator->certificate_file, "/tmp/tradewind-tls-XXXXXX");
    int fd = mkstemp(terminator->certificate_file);
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (file == NULL)
        return false;
    bool written = PEM_write_X509(file, certificate) == 1;
    return fclose(file) == 0 && written;
}

static bool make_context(tls_terminator *terminator) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key != NULL ? make_certificate(key) : NULL;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    terminator->context = context;
    bool made = certificate != NULL && context != NULL &&
                SSL_CTX_use_certificate(context, certificate) == 1 &&
                SSL_CTX_use_PrivateKey(context, key) == 1 &&
                write_certificate(terminator, certificate);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
}

static int plain_socket(uint16_t port, bool listening) {
    struct sockaddr_in where = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int failed = listening ? bind(fd, (struct sockaddr *)&where, sizeof where) | listen(fd, 16)
                           : connect(fd, (struct sockaddr *)&where, sizeof where);
    if (failed == 0)
        return fd;
    close(fd);
    return -1;
}

static bool send_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        data += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* Passes bytes both ways until one side ends. */
static void pass_on(SSL *tls, int tls_fd, int plain_fd) {
    char buffer[16384];
    for (;;) {
        struct pollfd both[2] = {{.fd = tls_fd, .events = POLLIN},
                                 {.fd = plain_fd, .events = POLLIN}};
        if (SSL_pending(tls) == 0 && poll(both, 2, -1) < 0)
            return;
        if (SSL_pending(tls) > 0 || both[0].revents != 0) {
            int got = SSL_read(tls, buffer, sizeof buffer);
            if (got <= 0 || !send_all(plain_fd, buffer, (size_t)got))
                return;
        }
        if (both[1].revents != 0) {
            ssize_t got = recv(plain_fd, buffer, sizeof buffer, 0);
            if (got <= 0 || SSL_write(tls, buffer, (int)got) <= 0)
                return;
        }
    }
}

static void serve(tls_terminator *terminator, int tls_fd) {
    SSL *tls = SSL_new(terminator->context);
    int plain_fd = -1;
    if (tls != NULL && SSL_set_fd(tls, tls_fd) == 1 && SSL_accept(tls) == 1) {
        plain_fd = plain_socket(terminator->plain_port, false);
        terminator->handshakes++;
        terminator->resumed += SSL_session_reused(tls) == 1;
    }
    if (plain_fd >= 0) {
        pass_on(tls, tls_fd, plain_fd);
        close(plain_fd);
        SSL_shutdown(tls); /* an end without it spoils the client's session for resumption */
    }
    SSL_free(tls);
    close(tls_fd);
}

static void *run(void *context) {
    tls_terminator *terminator = context;
    int fd = -1;
    sigset_t pipe_signal;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);
    while ((fd = accept(terminator->fd, NULL, NULL)) >= 0)
        serve(terminator, fd);
    return NULL;
}

bool tls_terminator_start(tls_terminator *terminator, uint16_t plain_port) {
    struct sockaddr_in where = {0};
    socklen_t size = sizeof where;
    memset(terminator, 0, sizeof *terminator);
    terminator->plain_port = plain_port;
    terminator->fd = plain_socket(0, true);
    if (terminator->fd < 0 || !make_context(terminator) ||
        getsockname(terminator->fd, (struct sockaddr *)&where, &size) != 0)
        return false;
    terminator->port = ntohs(where.sin_port);
    return pthread_create(&terminator->thread, NULL, run, terminator) == 0;
}

/* ALPN (RFC 7301): "h2" if the client has it, else no word about it. */
static int select_http2(SSL *tls, const unsigned char **ret_chosen, unsigned char *ret_size,
                        const unsigned char *offered, unsigned offered_size, void *context) {
    (void)tls;
    (void)context;
    for (unsigned i = 0; i + 2 < offered_size; i += 1u + offered[i]) {
        if (offered[i] != 2 || memcmp(offered + i + 1, "h2", 2) != 0)
            continue;
        *ret_chosen = offered + i + 1;
        *ret_size = 2;
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

void tls_terminator_offer_http2(tls_terminator *terminator) {
    SSL_CTX_set_alpn_select_cb(terminator->context, select_http2, NULL);
}

void tls_terminator_stop(tls_terminator *terminator) {
    shutdown(terminator->fd, SHUT_RDWR); /* ends the accept */
    pthread_join(terminator->thread, NULL);
    close(terminator->fd);
    SSL_CTX_free(terminator->context);
    unlink(terminator->certificate_file);
}
