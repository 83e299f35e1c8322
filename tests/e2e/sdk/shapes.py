"""
shapes.py - what strictly typed SDKs demand of an answer.

Each table is a model of an official SDK: a name of the wire, and the type that the SDK's decoder
demands there. `?` behind a type: it may be null or absent. A table's name in a type is
an object of that table; `[x]` is an array of x, `{x}` an object whose values are x.

  python   alpaca-py: pydantic 2, which takes a number's text for a number but no number for text
  go       alpaca-trade-api-go: encoding/json, in which a size is uint32 and a decimal text or number
  csharp   alpaca-trade-api-csharp: Newtonsoft.Json, whose required members must not be null, and
           whose enumerations know no other word
"""
import datetime
import re

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
DECIMAL = re.compile(r"-?\d+(\.\d+)?")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)")

ENUMS = {
    "order_status": """new partially_filled filled done_for_day canceled expired replaced
        pending_cancel pending_replace pending_review accepted pending_new accepted_for_bidding
        stopped rejected suspended calculated held""",
    "order_type": "market limit stop stop_limit trailing_stop",
    "order_side": "buy sell",
    "tif": "day gtc opg cls ioc fok",
    "intent": "buy_to_open buy_to_close sell_to_open sell_to_close",
    "asset_class": "us_equity us_option crypto",
    "asset_exchange": "AMEX ARCA BATS NYSE NASDAQ NYSEARCA OTC",
    "asset_status": "active inactive",
    "borrow": "easy_to_borrow hard_to_borrow",
    "account_status": "ACTIVE INACTIVE ONBOARDING APPROVED",
    "position_side": "long short",
    "check": "both entry exit",
    "email": "all none",
    "execution": "fill partial_fill",
    "nta_status": "executed correct canceled",
    "event": """accepted canceled expired fill new partial_fill pending_cancel pending_new
        pending_replace rejected replaced restated""",
    "market_type": "stocks crypto",
    "span": "1Min 5Min 15Min 1H 1D",
    "tape": "A B C N O",
}
ENUMS = {name: words.split() for name, words in ENUMS.items()}

ORDER_TIMES = {name: "time?" for name in (
    "filled_at", "expired_at", "expires_at", "canceled_at", "failed_at", "replaced_at")}

PYTHON = {
    "order": {
        "id": "uuid", "client_order_id": "str", "created_at": "time", "updated_at": "time",
        "submitted_at": "time", **ORDER_TIMES, "replaced_by": "uuid?", "replaces": "uuid?",
        "asset_id": "uuid?", "symbol": "str?", "asset_class": "asset_class?", "notional": "str?",
        "qty": "str?", "filled_qty": "str?", "filled_avg_price": "str?", "order_class": "class",
        "order_type": "order_type?", "type": "order_type?", "side": "order_side?",
        "time_in_force": "tif", "limit_price": "str?", "stop_price": "str?",
        "status": "order_status", "extended_hours": "bool", "legs": "[order]?",
        "trail_percent": "str?", "trail_price": "str?", "hwm": "str?", "position_intent": "intent?",
        "ratio_qty": "str?",
    },
    "position": {
        "asset_id": "uuid", "symbol": "str", "exchange": "asset_exchange",
        "asset_class": "asset_class", "asset_marginable": "bool?", "avg_entry_price": "str",
        "qty": "str", "side": "position_side", "market_value": "str?", "cost_basis": "str",
        "unrealized_pl": "str?", "unrealized_plpc": "str?", "unrealized_intraday_pl": "str?",
        "unrealized_intraday_plpc": "str?", "current_price": "str?", "lastday_price": "str?",
        "change_today": "str?", "swap_rate": "str?", "avg_entry_swap_rate": "str?",
        "prev_swap_rate": "str?", "usd": "usd?", "qty_available": "str?",
    },
    "usd": {name: "str" for name in (
        "avg_entry_price", "market_value", "cost_basis", "unrealized_pl", "unrealized_plpc",
        "unrealized_intraday_pl", "unrealized_intraday_plpc", "current_price", "lastday_price",
        "change_today")},
    "account": {
        "id": "uuid", "account_number": "str", "status": "account_status",
        "crypto_status": "account_status?", "crypto_tier": "int?", "currency": "str?",
        **{name: "str?" for name in (
            "buying_power", "effective_buying_power", "regt_buying_power",
            "daytrading_buying_power", "non_marginable_buying_power", "cash", "accrued_fees",
            "pending_transfer_out", "pending_transfer_in", "portfolio_value", "multiplier",
            "equity", "last_equity", "long_market_value", "short_market_value",
            "position_market_value", "initial_margin", "maintenance_margin",
            "last_maintenance_margin", "sma", "options_buying_power", "balance_asof",
            "intraday_adjustments", "pending_reg_taf_fees")},
        **{name: "bool?" for name in (
            "pattern_day_trader", "trading_blocked", "transfers_blocked", "account_blocked",
            "trade_suspended_by_user", "shorting_enabled")},
        "created_at": "time?", "daytrade_count": "int?", "options_approved_level": "int?",
        "options_trading_level": "int?",
    },
    "settings": {
        "dtbp_check": "check?", "fractional_trading": "bool", "max_margin_multiplier": "str",
        "no_shorting": "bool", "pdt_check": "check?", "suspend_trade": "bool",
        "trade_confirm_email": "email", "ptp_no_exception_entry": "bool",
        "max_options_trading_level": "int?", "disable_overnight_trading": "bool?",
    },
    "asset": {
        "id": "uuid", "class": "asset_class", "exchange": "asset_exchange", "symbol": "str",
        "name": "str?", "status": "asset_status", "tradable": "bool", "marginable": "bool",
        "shortable": "bool", "easy_to_borrow": "bool?", "fractionable": "bool",
        "maintenance_margin_requirement": "float?", "attributes": "[str]?",
        "borrow_status": "borrow?", "cusip": "str?", "margin_requirement_long": "str?",
        "margin_requirement_short": "str?",
    },
    "clock": {"timestamp": "time", "is_open": "bool", "next_open": "time", "next_close": "time"},
    "day": {"date": "date", "open": "hour", "close": "hour", "session_open": "str?",
            "session_close": "str?", "settlement_date": "date?"},
    "watchlist": {"id": "uuid", "account_id": "uuid", "name": "str", "created_at": "time",
                  "updated_at": "time", "assets": "[asset]?"},
    "fill": {"id": "str", "activity_type": "str", "transaction_time": "time", "type": "execution",
             "price": "float", "qty": "float", "side": "order_side", "symbol": "str",
             "leaves_qty": "float", "order_id": "uuid", "cum_qty": "float",
             "order_status": "order_status"},
    "other_activity": {"id": "str", "activity_type": "str", "date": "date", "net_amount": "float",
                       "description": "str", "status": "nta_status?", "symbol": "str?",
                       "qty": "float?", "price": "float?", "per_share_amount": "float?"},
    "cancel": {"id": "uuid", "status": "int", "body": "order?"},
    "closed": {"symbol": "str?", "status": "int?", "body": "order"},
    "portfolio": {"timestamp": "[int]", "equity": "[float]", "profit_loss": "[float]",
                  "profit_loss_pct": "[float?]", "base_value": "float?", "base_value_asof": "date?",
                  "timeframe": "str"},
    "bar": {"t": "time", "o": "float", "h": "float", "l": "float", "c": "float", "v": "float",
            "n": "float?", "vw": "float?"},
    "trade": {"t": "time", "p": "float", "s": "float", "x": "str?", "i": "int?", "c": "[str]?",
              "z": "str?"},
    "quote": {"t": "time", "bp": "float", "bs": "float", "bx": "str?", "ap": "float", "as": "float",
              "ax": "str?", "c": "[str]?", "z": "str?"},
    "snapshot": {"latestTrade": "trade?", "latestQuote": "quote?", "minuteBar": "bar?",
                 "dailyBar": "bar?", "prevDailyBar": "bar?"},
    "actives": {"most_actives": "[active]", "last_updated": "time"},
    "active": {"symbol": "str", "volume": "float", "trade_count": "float"},
    "movers": {"gainers": "[mover]", "losers": "[mover]", "market_type": "market_type",
               "last_updated": "time"},
    "mover": {"symbol": "str", "percent_change": "float", "change": "float", "price": "float"},
    "update": {"event": "event", "execution_id": "uuid?", "order": "order", "timestamp": "time",
               "position_qty": "float?", "price": "float?", "qty": "float?"},
}

GO_DECIMALS = {name: "decimal" for name in (
    "cash", "buying_power", "daytrading_buying_power", "regt_buying_power", "equity",
    "last_equity", "initial_margin", "maintenance_margin", "last_maintenance_margin",
    "long_market_value", "short_market_value", "portfolio_value", "sma", "accrued_fees",
    "non_marginable_buying_power", "options_buying_power")}

GO = {
    "order": {
        "id": "str", "client_order_id": "str", "created_at": "time", "updated_at": "time",
        "submitted_at": "time", **ORDER_TIMES, "replaces": "str?", "replaced_by": "str?",
        "asset_id": "str", "symbol": "str", "asset_class": "str", "order_class": "str",
        "qty": "decimal?", "notional": "decimal?", "filled_qty": "decimal", "type": "str",
        "side": "str", "time_in_force": "str", "limit_price": "decimal?",
        "filled_avg_price": "decimal?", "stop_price": "decimal?", "trail_price": "decimal?",
        "trail_percent": "decimal?", "hwm": "decimal?", "status": "str", "extended_hours": "bool",
        "legs": "[order]?",
    },
    "position": {
        "asset_id": "str", "symbol": "str", "exchange": "str", "asset_class": "str",
        "asset_marginable": "bool", "qty": "decimal", "qty_available": "decimal",
        "avg_entry_price": "decimal", "side": "str", "market_value": "decimal?",
        "cost_basis": "decimal", "unrealized_pl": "decimal?", "unrealized_plpc": "decimal?",
        "unrealized_intraday_pl": "decimal?", "unrealized_intraday_plpc": "decimal?",
        "current_price": "decimal?", "lastday_price": "decimal?", "change_today": "decimal?",
    },
    "account": {"id": "str", "account_number": "str", "status": "str", "currency": "str",
                "created_at": "time", "trading_blocked": "bool", "transfers_blocked": "bool",
                "account_blocked": "bool", "shorting_enabled": "bool",
                "pattern_day_trader": "bool?", "daytrade_count": "int?", "multiplier": "decimal",
                **GO_DECIMALS},
    "settings": {"dtbp_check": "str?", "no_shorting": "bool", "trade_confirm_email": "str",
                 "suspend_trade": "bool", "fractional_trading": "bool"},
    "asset": {"id": "str", "name": "str", "exchange": "str", "class": "str", "symbol": "str",
              "status": "str", "tradable": "bool", "marginable": "bool",
              "maintenance_margin_requirement": "uint", "shortable": "bool",
              "easy_to_borrow": "bool", "fractionable": "bool", "attributes": "[str]?"},
    "clock": PYTHON["clock"],
    "day": {"date": "str", "open": "str", "close": "str"},
    "watchlist": {"id": "str", "account_id": "str", "name": "str", "created_at": "str",
                  "updated_at": "str", "assets": "[asset]?"},
    "fill": {"id": "str", "activity_type": "str", "transaction_time": "time", "type": "str",
             "price": "decimal", "qty": "decimal", "side": "str", "symbol": "str",
             "leaves_qty": "decimal", "cum_qty": "decimal", "order_id": "str",
             "order_status": "str"},
    "other_activity": {"id": "str", "activity_type": "str", "date": "date",
                       "net_amount": "decimal", "description": "str?", "status": "str?"},
    "cancel": {"id": "str", "status": "int"},
    "closed": {"symbol": "str", "status": "int", "body": "order"},
    "portfolio": {"timestamp": "[int]", "equity": "[decimal]", "profit_loss": "[decimal]",
                  "profit_loss_pct": "[decimal?]", "base_value": "decimal", "timeframe": "str"},
    "bar": {"t": "time", "o": "float", "h": "float", "l": "float", "c": "float", "v": "uint",
            "n": "uint", "vw": "float"},
    "trade": {"t": "time", "p": "float", "s": "uint", "x": "str", "i": "int", "c": "[str]",
              "z": "str", "u": "str?"},
    "quote": {"t": "time", "bp": "float", "bs": "uint", "bx": "str", "ap": "float", "as": "uint",
              "ax": "str", "c": "[str]", "z": "str"},
    "snapshot": PYTHON["snapshot"],
    "actives": {"most_actives": "[active]", "last_updated": "time"},
    "active": {"symbol": "str", "volume": "uint", "trade_count": "uint"},
    "movers": PYTHON["movers"],
    "mover": PYTHON["mover"],
    "update": {"event": "str", "execution_id": "str?", "event_id": "str?", "order": "order",
               "at": "time?", "timestamp": "time?", "position_qty": "decimal?",
               "price": "decimal?", "qty": "decimal?"},
}

CSHARP = {
    "order": {
        "id": "uuid", "client_order_id": "str", **ORDER_TIMES, "created_at": "time?",
        "updated_at": "time?", "submitted_at": "time?", "replaced_by": "uuid?", "replaces": "uuid?",
        "asset_id": "uuid", "symbol": "str", "asset_class": "asset_class", "notional": "decimal?",
        "qty": "decimal?", "filled_qty": "decimal", "type": "order_type", "order_class": "class",
        "side": "order_side", "time_in_force": "tif", "limit_price": "decimal?",
        "stop_price": "decimal?", "trail_price": "decimal?", "trail_percent": "decimal?",
        "hwm": "decimal?", "filled_avg_price": "decimal?", "status": "order_status",
        "legs": "[order]?",
    },
    "position": {
        "asset_id": "uuid", "symbol": "str", "exchange": "asset_exchange",
        "asset_class": "asset_class", "avg_entry_price": "decimal", "qty": "decimal",
        "qty_available": "decimal", "side": "position_side", "market_value": "decimal?",
        "cost_basis": "decimal", "unrealized_pl": "decimal?", "unrealized_plpc": "decimal?",
        "unrealized_intraday_pl": "decimal?", "unrealized_intraday_plpc": "decimal?",
        "current_price": "decimal?", "lastday_price": "decimal?", "change_today": "decimal?",
    },
    "account": {
        "id": "uuid", "account_number": "str?", "status": "account_status",
        "crypto_status": "account_status?", "currency": "str?", "created_at": "time",
        **{name: "bool" for name in (
            "pattern_day_trader", "trading_blocked", "transfers_blocked", "account_blocked",
            "trade_suspended_by_user", "shorting_enabled")},
        **GO_DECIMALS, "multiplier": "decimal", "daytrade_count": "int",
    },
    "settings": {"dtbp_check": "check", "trade_confirm_email": "email", "suspend_trade": "bool",
                 "no_shorting": "bool", "ptp_no_exception_entry": "bool"},
    "asset": {"id": "uuid", "class": "asset_class", "exchange": "asset_exchange", "symbol": "str",
              "name": "str?", "status": "asset_status", "tradable": "bool", "marginable": "bool",
              "shortable": "bool", "easy_to_borrow": "bool", "fractionable": "bool",
              "maintenance_margin_requirement": "decimal?", "attributes": "[str]?"},
    "clock": PYTHON["clock"],
    "day": {"date": "date", "open": "hour", "close": "hour", "session_open": "str",
            "session_close": "str"},
    "watchlist": {"id": "uuid", "account_id": "uuid", "created_at": "time", "updated_at": "time?",
                  "name": "str", "assets": "[asset]?"},
    "fill": {"activity_type": "str", "id": "str", "symbol": "str?", "qty": "decimal?",
             "cum_qty": "decimal?", "leaves_qty": "decimal?", "price": "decimal?",
             "side": "order_side?", "transaction_time": "time?", "type": "execution?",
             "order_id": "uuid?"},
    "other_activity": {"activity_type": "str", "id": "str", "date": "date?",
                       "net_amount": "decimal?", "per_share_amount": "decimal?"},
    "cancel": {"id": "uuid", "status": "int"},
    "closed": {"symbol": "str", "status": "int"},
    "portfolio": {"timestamp": "[int]", "equity": "[decimal?]", "profit_loss": "[decimal?]",
                  "profit_loss_pct": "[decimal?]", "base_value": "decimal", "timeframe": "span"},
    "bar": {"t": "time", "o": "decimal", "h": "decimal", "l": "decimal", "c": "decimal",
            "v": "decimal", "n": "uint", "vw": "decimal"},
    "trade": {"t": "time", "p": "decimal", "s": "decimal", "x": "str", "i": "uint", "c": "[str]",
              "z": "tape"},
    "quote": {"t": "time", "bp": "decimal", "bs": "decimal", "bx": "str", "ap": "decimal",
              "as": "decimal", "ax": "str", "c": "[str]", "z": "tape"},
    "snapshot": PYTHON["snapshot"],
    "actives": GO["actives"],
    "active": GO["active"],
    "movers": PYTHON["movers"],
    "mover": PYTHON["mover"],
    "update": {"event": "event", "execution_id": "uuid?", "price": "decimal?", "qty": "decimal?",
               "position_qty": "decimal?", "timestamp": "time?", "order": "order"},
}

SDKS = {"python": PYTHON, "go": GO, "csharp": CSHARP}


def is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def is_date(value):
    try:
        return isinstance(value, str) and bool(datetime.date.fromisoformat(value))
    except ValueError:
        return False


def is_decimal(value):
    return is_number(value) or isinstance(value, str) and bool(DECIMAL.fullmatch(value))


KINDS = {
    "str": lambda value: isinstance(value, str),
    "bool": lambda value: isinstance(value, bool),
    "int": lambda value: is_number(value) and isinstance(value, int),
    "uint": lambda value: is_number(value) and isinstance(value, int) and 0 <= value < 2**32,
    "float": is_decimal,
    "decimal": is_decimal,
    "uuid": lambda value: isinstance(value, str) and bool(UUID.fullmatch(value)),
    "time": lambda value: isinstance(value, str) and bool(TIME.fullmatch(value)),
    "date": is_date,
    "hour": lambda value: isinstance(value, str) and bool(re.fullmatch(r"\d\d:\d\d", value)),
    "class": lambda value: value in ("", "simple", "bracket", "oco", "oto", "mleg"),
}


def check(sdk, kind, value, where):
    """Raises AssertionError with the place of what the SDK would choke on."""
    models = SDKS[sdk]
    if kind.endswith("?"):
        if value is None:
            return
        kind = kind[:-1]
    if kind.startswith("["):
        assert isinstance(value, list), f"{sdk}: {where} is no array: {value!r}"
        for index, item in enumerate(value):
            check(sdk, kind[1:-1], item, f"{where}[{index}]")
    elif kind.startswith("{"):
        assert isinstance(value, dict), f"{sdk}: {where} is no object: {value!r}"
        for name, item in value.items():
            check(sdk, kind[1:-1], item, f"{where}.{name}")
    elif kind in models:
        assert isinstance(value, dict), f"{sdk}: {where} is no object: {value!r}"
        for name, inner in models[kind].items():
            check(sdk, inner, value.get(name), f"{where}.{name}")
    elif kind in ENUMS:
        assert value in ENUMS[kind], f"{sdk}: {where} is no {kind}: {value!r}"
    else:
        assert KINDS[kind](value), f"{sdk}: {where} is no {kind}: {value!r}"


def check_all(kind, value, where):
    for sdk in SDKS:
        check(sdk, kind, value, where)
    return value
