/* market_codes.c - five tables. */
#include "market_codes.h"

static const market_code exchanges[] = {
    {'A', "NYSE American (AMEX)"},
    {'B', "NASDAQ OMX BX"},
    {'C', "National Stock Exchange"},
    {'D', "FINRA ADF"},
    {'E', "Market Independent"},
    {'H', "MIAX"},
    {'I', "International Securities Exchange"},
    {'J', "Cboe EDGA"},
    {'K', "Cboe EDGX"},
    {'L', "Long Term Stock Exchange"},
    {'M', "Chicago Stock Exchange"},
    {'N', "New York Stock Exchange"},
    {'P', "NYSE Arca"},
    {'Q', "NASDAQ OMX"},
    {'S', "NASDAQ Small Cap"},
    {'T', "NASDAQ Int"},
    {'U', "Members Exchange"},
    {'V', "IEX"},
    {'W', "CBOE"},
    {'X', "NASDAQ OMX PSX"},
    {'Y', "Cboe BYX"},
    {'Z', "Cboe BZX"},
};

static const market_code trades_ab[] = {
    {' ', "Regular Sale"},
    {'4', "Derivatively Priced"},
    {'5', "Market Center Reopening Trade"},
    {'6', "Market Center Closing Trade"},
    {'7', "Qualified Contingent Trade"},
    {'9', "Corrected Consolidated Close Price as per Listing Market"},
    {'B', "Average Price Trade"},
    {'C', "Cash Trade (Same Day Clearing)"},
    {'E', "Automatic Execution"},
    {'F', "Intermarket Sweep"},
    {'H', "Price Variation Trade"},
    {'I', "Odd Lot Trade"},
    {'K', "Rule 127 NYSE Only or Rule 155 NYSE MKT Only"},
    {'L', "Sold Last (Late Reporting)"},
    {'M', "Market Center Official Close"},
    {'N', "Next Day Trade (Next Day Clearing)"},
    {'O', "Market Center Opening Trade"},
    {'P', "Prior Reference Price"},
    {'Q', "Market Center Official Open"},
    {'R', "Seller"},
    {'T', "Extended Hours Trade"},
    {'U', "Extended Hours Sold (Out Of Sequence)"},
    {'V', "Contingent Trade"},
    {'X', "Cross Trade"},
    {'Z', "Sold (Out Of Sequence)"},
};

static const market_code trades_c[] = {
    {'1', "Stopped Stock (Regular Trade)"},
    {'4', "Derivatively Priced"},
    {'5', "Re-Opening Prints"},
    {'6', "Closing Prints"},
    {'7', "Qualified Contingent Trade"},
    {'8', "Placeholder For 611 Exempt"},
    {'9', "Corrected Consolidated Close (per Listing Market)"},
    {'@', "Regular Sale"},
    {'A', "Acquisition"},
    {'B', "Bunched Trade"},
    {'C', "Cash Sale"},
    {'D', "Distribution"},
    {'F', "Intermarket Sweep"},
    {'G', "Bunched Sold Trade"},
    {'H', "Price Variation Trade"},
    {'I', "Odd Lot Trade"},
    {'K', "Rule 155 Trade (AMEX)"},
    {'L', "Sold Last"},
    {'M', "Market Center Official Close"},
    {'N', "Next Day"},
    {'O', "Opening Prints"},
    {'P', "Prior Reference Price"},
    {'Q', "Market Center Official Open"},
    {'R', "Seller"},
    {'S', "Split Trade"},
    {'T', "Form T"},
    {'U', "Extended Trading Hours (Sold Out Of Sequence)"},
    {'V', "Contingent Trade"},
    {'W', "Average Price Trade"},
    {'X', "Cross Trade"},
    {'Y', "Yellow Flag Regular Trade"},
    {'Z', "Sold (Out Of Sequence)"},
};

static const market_code quotes_ab[] = {
    {'A', "Slow Quote Offer Side"},
    {'B', "Slow Quote Bid Side"},
    {'C', "Closing Quote"},
    {'E', "Slow Quote LRP Bid Side"},
    {'F', "Slow Quote LRP Offer Side"},
    {'H', "Slow Quote Bid And Offer Side"},
    {'N', "Non Firm Quote"},
    {'O', "Opening Quote"},
    {'R', "Regular Two Sided Open"},
    {'U', "Slow Quote LRP Bid And Offer"},
    {'W', "Slow Quote Set Slow List"},
};

static const market_code quotes_c[] = {
    {'4', "On Demand Intraday Auction"},
    {'A', "Manual Ask Automated Bid"},
    {'B', "Manual Bid Automated Ask"},
    {'F', "Fast Trading"},
    {'H', "Manual Bid And Ask"},
    {'I', "Order Imbalance"},
    {'L', "Closed Quote"},
    {'N', "Non Firm Quote"},
    {'O', "Opening Quote Automated"},
    {'R', "Regular Two Sided Open"},
    {'U', "Manual Bid And Ask Non Firm"},
    {'X', "Order Influx"},
    {'Y', "No Offer No Bid One Sided Open"},
    {'Z', "No Open No Resume"},
};

#define TABLE(rows) \
    { rows, sizeof(rows) / sizeof(rows)[0] }

const market_code *market_codes(market_codes_kind kind, size_t *ret_count) {
    static const struct {
        const market_code *rows;
        size_t count;
    } tables[] = {
        [MARKET_CODES_EXCHANGES] = TABLE(exchanges), [MARKET_CODES_TRADES_AB] = TABLE(trades_ab),
        [MARKET_CODES_TRADES_C] = TABLE(trades_c),   [MARKET_CODES_QUOTES_AB] = TABLE(quotes_ab),
        [MARKET_CODES_QUOTES_C] = TABLE(quotes_c),
    };
    *ret_count = tables[kind].count;
    return tables[kind].rows;
}
