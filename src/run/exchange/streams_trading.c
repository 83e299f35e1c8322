/*
 * streams_trading.c - the trading stream: its commands, and the updates of an account's orders.
 *
 *   CONNECTED -- authenticate, auth, or credentials in the handshake --> AUTHORIZED
 *   AUTHORIZED -- listen with trade_updates --> LISTENING -- listen without --> AUTHORIZED
 *   any -- what cannot be read, no authentication in time, too slow --> closed
 *
 * Everything is said in binary frames, as the venue does on paper accounts. Each client hears of
 * its own account's orders alone; an update is encoded once for all who hear it.
 */
#include <string.h>

#include "streams_priv.h"
#include "words.h"

static void tell_authorization(stream_client *client, bool authorized, const char *action) {
    char memory[256];
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_alpaca_encode_authorization(&text, authorized, action);
    client_say(client, tw_text_slice(&text));
}

static void authenticate(stream_client *client, const tw_alpaca_command *command) {
    ledger_account *account = ledger_authenticate(client->owner->ledger, tw_slice_of(command->key),
                                                  tw_slice_of(command->secret));
    if (account != client->account)
        client->listening = false; /* to another's orders */
    if (account != NULL)
        client_authenticated(client, account);
    else
        client->account = NULL;
    tell_authorization(client, account != NULL, "authenticate");
}

static void listen(stream_client *client, const tw_alpaca_command *command) {
    char memory[256];
    tw_text text = tw_text_over(memory, sizeof memory);
    if (client->account == NULL) {
        tell_authorization(client, false, "listen");
        return;
    }
    client->listening = command->trade_updates;
    tw_alpaca_encode_listening(&text, client->listening);
    client_say(client, tw_text_slice(&text));
}

void trading_message(stream_client *client, const tw_socket_message *message) {
    tw_alpaca_command command;
    if (client_read(client, message, &command, NULL) != TW_OK) {
        tw_socket_close(client->socket, TW_SOCKET_POLICY, "invalid message");
        return;
    }
    switch ((tw_alpaca_action)command.action) {
    case TW_ALPACA_ACTION_AUTHENTICATE:
    case TW_ALPACA_ACTION_AUTH:
        authenticate(client, &command);
        break;
    case TW_ALPACA_ACTION_LISTEN:
        listen(client, &command);
        break;
    case TW_ALPACA_ACTION_OTHER:
    case TW_ALPACA_ACTION_SUBSCRIBE:
    case TW_ALPACA_ACTION_UNSUBSCRIBE:
        tell_authorization(client, false, "listen");
        break;
    }
    explicit_bzero(&command, sizeof command);
}

void streams_on_update(streams *set, const ledger_update *update) {
    tw_alpaca_order_update words;
    bool encoded = false;
    for (uint32_t i = 0; i < set->client_count && !set->muted; i++) {
        stream_client *client = set->clients[i];
        if (client->kind != STREAM_TRADING || !client->listening ||
            client->account != update->account)
            continue;
        if (!encoded) {
            words_update(set->ledger, update, set->market.symbols, &words);
            tw_text_clear(&set->scratch);
            tw_alpaca_encode_order_update(&set->scratch, &words);
            encoded = true;
        }
        client_say_scratch(client);
        set->trading_count++;
    }
}
