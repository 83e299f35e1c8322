/*
 * exchange_pointers.c - one text in which $H stands for the host, $K for the key and $S for the
 * secret.
 *
 * Which SDK reads which variable or option was read in their sources: JavaScript 3.1.3 and 4.0.2,
 * alpaca-py, Go and C#. The third generation of JavaScript makes every data stream wss and the
 * fourth has no option for an address, which is why theirs are longer.
 */
#include "exchange_pointers.h"

static const char text[] =
    "\nPoint a program at it (copy and paste):\n"
    "\n# any program that reads Alpaca's variables: JavaScript 3, Go, Python's alpaca_trade_api\n"
    "export APCA_API_KEY_ID=$K APCA_API_SECRET_KEY=$S APCA_API_BASE_URL=http://$H \\\n"
    "  APCA_API_DATA_URL=http://$H APCA_DATA_BASE_URL=http://$H APCA_API_STREAM_URL=ws://$H\n"
    "\n// JavaScript 3: npm install @alpacahq/alpaca-trade-api@3\n"
    "const Alpaca = require(\"@alpacahq/alpaca-trade-api\");\n"
    "const alpaca = new Alpaca({ keyId: \"$K\", secretKey: \"$S\", baseUrl: \"http://$H\", "
    "dataBaseUrl: "
    "\"http://$H\" });\n"
    "alpaca.data_stream_v2.session.url = \"ws://$H/v2/iex\";\n"
    "\n// JavaScript 4: npm install @alpacahq/alpaca-trade-api@4\n"
    "const { Alpaca } = require(\"@alpacahq/alpaca-trade-api\");\n"
    "const fetchApi = (url, init) => fetch(url.replace(/^https:..[^/]+/, \"http://$H\"), init);\n"
    "const alpaca = new Alpaca({ keyId: \"$K\", secret: \"$S\", fetchApi });\n"
    "const updates = alpaca.trading.stream({ url: \"ws://$H/stream\" });\n"
    "const market = alpaca.marketData.stockStream({ url: \"ws://$H/v2/iex\" });\n"
    "\n# Python: pip install alpaca-py\n"
    "trading = TradingClient(\"$K\", \"$S\", url_override=\"http://$H\")\n"
    "history = StockHistoricalDataClient(\"$K\", \"$S\", url_override=\"http://$H\")\n"
    "updates = TradingStream(\"$K\", \"$S\", url_override=\"ws://$H/stream\")\n"
    "market = StockDataStream(\"$K\", \"$S\", url_override=\"ws://$H/v2/iex\")\n"
    "\n// Go\n"
    "trading := alpaca.NewClient(alpaca.ClientOpts{APIKey: \"$K\", APISecret: \"$S\", BaseURL: "
    "\"http://$H\"})\n"
    "history := marketdata.NewClient(marketdata.ClientOpts{APIKey: \"$K\", APISecret: \"$S\", "
    "BaseURL: "
    "\"http://$H\"})\n"
    "market := stream.NewStocksClient(marketdata.IEX, stream.WithBaseURL(\"http://$H/v2\"), "
    "stream.WithCredentials(\"$K\", \"$S\"))\n"
    "\n// C#: new Desk().GetAlpacaTradingClient(new SecretKey(\"$K\", \"$S\"))\n"
    "sealed class Desk : IEnvironment {\n"
    "  public Uri AlpacaTradingApi => new(\"http://$H\");\n"
    "  public Uri AlpacaDataApi => new(\"http://$H\");\n"
    "  public Uri AlpacaStreamingApi => new(\"ws://$H/stream\");\n"
    "  public Uri AlpacaDataStreamingApi => new(\"ws://$H/v2/iex\");\n"
    "  public Uri AlpacaCryptoStreamingApi => new(\"ws://$H/v1beta3/crypto/us\");\n"
    "  public Uri AlpacaNewsStreamingApi => new(\"ws://$H/v1beta1/news\");\n"
    "}\n";

void exchange_pointers_print(FILE *file, const char *host, const char *key, const char *secret) {
    for (const char *c = text; *c != '\0'; c++) {
        const char *value = NULL;
        if (*c == '$')
            value = c[1] == 'H' ? host : c[1] == 'K' ? key : c[1] == 'S' ? secret : NULL;
        if (value == NULL) {
            fputc(*c, file);
            continue;
        }
        fputs(value, file);
        c++;
    }
}
