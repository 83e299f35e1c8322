/*
 * stock_calls.h - a call of Stock.Indicators in our words.
 *
 * A case names a call: "Bars.ToMacd(12,26,9)". The table has for each method our kind and the
 * values it is called with when the call names none, or names its own constants
 * ("lookbackPeriods"), and for each output of the method that of ours. A method whose outputs are
 * of two of our kinds has two rows. The defaults are those of the methods in the sources of
 * version 3.
 */
#ifndef TRADEWIND_TESTS_STOCK_CALLS_H
#define TRADEWIND_TESTS_STOCK_CALLS_H

#include "indicator_cases.h"

typedef struct method {
    const char *name;
    const char *kind;
    const char *values;  /* where the call has none, or fewer */
    const char *named;   /* where the call names its constants; NULL: values */
    const char *suffix;  /* more values, by name */
    const char *outputs; /* "theirs=ours;..." in lower case */
} method;

static const method methods[] = {
    {"ToAdl", "adl", "", NULL, "", "adl=adl;moneyflowmultiplier=multiplier;moneyflowvolume=flow"},
    {"ToAdx", "adx", "14", NULL, "", "pdi=plus_di;mdi=minus_di;dx=dx;adx=adx;adxr=adxr"},
    {"ToAlligator", "alligator", "13,8,8,5,5,3", NULL, "", "jaw=jaw;teeth=teeth;lips=lips"},
    {"ToAlma", "alma", "9,0.85,6", "10,0.85,6", "", "alma=alma"},
    {"ToAroon", "aroon", "25", NULL, "ties=oldest",
     "aroonup=up;aroondown=down;oscillator=oscillator"},
    {"ToAtrStop", "atr_stop", "21,3", NULL, "", "atrstop=line;buystop=buy;sellstop=sell;atr=atr"},
    {"ToAtr", "atr", "14", NULL, "", "tr=tr;atr=atr;atrp=atrp"},
    {"ToAwesome", "awesome", "5,34", NULL, "", "oscillator=awesome;normalized=normalized"},
    {"ToBarPart", "price", "close", NULL, "", "value=price"},
    {"ToBollingerBands", "bollinger", "20,2", NULL, "",
     "sma=middle;upperband=upper;lowerband=lower;percentb=percent_b;zscore=zscore;width=width"},
    {"ToBeta", "beta", "50", NULL, "", "beta=beta;returnseval=return;returnsmrkt=return_other"},
    {"ToBeta", "beta_sides", "50", NULL, "",
     "betaup=up;betadown=down;ratio=ratio;convexity=convexity"},
    {"ToBop", "bop", "14", NULL, "", "bop=bop"},
    {"ToCci", "cci", "20", NULL, "", "cci=cci"},
    {"ToChaikinOsc", "chaikin", "3,10", NULL, "",
     "oscillator=oscillator;adl=adl;fastema=fast;slowema=slow;moneyflowmultiplier=multiplier;"
     "moneyflowvolume=flow"},
    {"ToChandelier", "chandelier", "22,3", NULL, "", "chandelierexit=long"},
    {"ToChop", "chop", "14", NULL, "", "chop=chop"},
    {"ToCmf", "cmf", "20", NULL, "", "cmf=cmf;moneyflowmultiplier=multiplier;moneyflowvolume=flow"},
    {"ToCmo", "cmo", "14", NULL, "", "cmo=cmo"},
    {"ToCorrelation", "correlation", "20", NULL, "",
     "correlation=correlation;rsquared=r_squared;covariance=covariance;variancea=variance;"
     "varianceb=variance_other"},
    {"ToConnorsRsi", "connors_rsi", "3,2,100", NULL, "",
     "connorsrsi=connors_rsi;rsi=rsi;rsistreak=streak_rsi;percentrank=rank;streak=streak"},
    {"ToDema", "dema", "14", "20", "seed=together", "dema=dema"},
    {"ToDonchian", "donchian", "20", NULL, "rows=before",
     "upperband=upper;centerline=middle;lowerband=lower;width=width"},
    {"ToDpo", "dpo", "14", NULL, "", "dpo=dpo;sma=sma"},
    {"ToDynamic", "dynamic", "14", NULL, "", "dynamic=dynamic"},
    {"ToElderRay", "elder_ray", "13", NULL, "", "ema=ema;bullpower=bull;bearpower=bear"},
    {"ToEma", "ema", "20", NULL, "", "ema=ema"},
    {"ToEpma", "epma", "10", "20", "", "epma=epma"},
    {"ToFcb", "fractal_bands", "2", NULL, "", "upperband=upper;lowerband=lower"},
    {"ToFisherTransform", "fisher", "10", NULL, "", "fisher=fisher;trigger=trigger"},
    {"ToFractal", "fractal", "2", NULL, "", "fractalbear=high;fractalbull=low"},
    {"ToKvo", "klinger", "34,55,13", NULL, "", "oscillator=klinger;signal=signal"},
    {"ToMarubozu", "marubozu", "95", NULL, "", "price=price;match=match"},
    {"ToForceIndex", "force", "2", NULL, "", "forceindex=force"},
    {"ToGator", "gator", "13,8,8,5,5,3", NULL, "", "upper=upper;lower=lower"},
    {"ToHeikinAshi", "heikin_ashi", "", NULL, "", "open=open;high=high;low=low;close=close"},
    {"ToHeikinAshi", "price", "volume", NULL, "", "volume=price"},
    {"ToHurst", "hurst", "100", NULL, "", "hurstexponent=hurst;hurstexponental=corrected"},
    {"ToHma", "hma", "20", NULL, "", "hma=hma"},
    {"ToHtTrendline", "trendline", "", NULL, "",
     "trendline=trendline;smoothprice=smooth;dcperiods=rows"},
    {"ToMama", "mama", "0.5,0.05", NULL, "", "mama=mama;fama=fama"},
    {"ToIchimoku", "ichimoku", "9,26,52,26", NULL, "",
     "tenkansen=tenkan;kijunsen=kijun;senkouspana=span_a;senkouspanb=span_b;chikouspan=chikou"},
    {"ToKama", "kama", "10,2,30", NULL, "from=seed", "kama=kama;er=efficiency"},
    {"ToKeltner", "keltner", "20,2,10", NULL, "",
     "upperband=upper;centerline=middle;lowerband=lower;width=width"},
    {"ToMacd", "macd", "12,26,9", NULL, "",
     "macd=macd;signal=signal;histogram=histogram;fastema=fast;slowema=slow"},
    {"ToMaEnvelopes", "envelope", "20,2.5,sma", NULL, "",
     "centerline=middle;upperenvelope=upper;lowerenvelope=lower"},
    {"ToMfi", "mfi", "14", "4", "", "mfi=mfi"},
    {"ToObv", "obv", "", NULL, "first=zero", "obv=obv"},
    {"ToParabolicSar", "parabolic_sar", "0.02,0.2", "0.02,0.2,0.01", "", "sar=sar"},
    {"ToPivotPoints", "pivot_points", "", NULL, "",
     "pp=pivot;s1=s1;s2=s2;s3=s3;s4=s4;r1=r1;r2=r2;r3=r3;r4=r4"},
    {"ToPivots", "pivots", "2,2,range,20", NULL, "", "highpoint=high;lowpoint=low"},
    {"ToPmo", "pmo", "35,20,10", NULL, "", "pmo=pmo;signal=signal"},
    {"ToPrs", "relative_strength", "20", NULL, "", "prs=ratio;prspercent=difference"},
    {"ToPvo", "pvo", "12,26,9", NULL, "", "pvo=pvo;signal=signal;histogram=histogram"},
    {"ToRocWb", "roc_bands", "20,5,5", NULL, "",
     "roc=roc;rocema=ema;upperband=upper;lowerband=lower"},
    {"ToRoc", "roc", "14", NULL, "", "roc=roc;momentum=momentum"},
    {"ToRollingPivots", "rolling_pivots", "20,0", NULL, "",
     "pp=pivot;s1=s1;s2=s2;s3=s3;s4=s4;r1=r1;r2=r2;r3=r3;r4=r4"},
    {"ToRsi", "rsi", "14", NULL, "", "rsi=rsi"},
    {"ToSlope", "slope", "14", "20", "",
     "slope=slope;intercept=intercept;stddev=stddev;rsquared=r_squared"},
    {"ToSmaAnalysis", "deviation", "20", NULL, "", "sma=sma;mad=mad;mse=mse;mape=mape"},
    {"ToSma", "sma", "20", NULL, "", "sma=sma"},
    {"ToSmi", "smi", "13,25,2,3", NULL, "seed=first", "smi=smi;signal=signal"},
    {"ToSmma", "smma", "20", NULL, "", "smma=smma"},
    {"ToStarcBands", "starc", "5,2,10", NULL, "",
     "upperband=upper;centerline=middle;lowerband=lower"},
    {"ToStc", "stc", "10,23,50", NULL, "", "stc=stc"},
    {"ToStdDev", "zscore", "14", NULL, "", "stddev=stddev;mean=mean;zscore=zscore"},
    {"ToStochRsi", "stoch_rsi", "14,14,3,1", NULL, "", "stochrsi=k;signal=signal"},
    {"ToStoch", "stochastic", "14,3,3", NULL, "", "oscillator=k;signal=d;percentj=j;k=k;d=d;j=j"},
    {"ToSuperTrend", "supertrend", "10,3", NULL, "",
     "supertrend=line;upperband=upper;lowerband=lower"},
    {"ToT3", "t3", "5,0.7", NULL, "seed=first", "t3=t3"},
    {"ToTema", "tema", "20", NULL, "seed=together", "tema=tema"},
    {"ToTr", "true_range", "", NULL, "", "tr=tr"},
    {"ToTrix", "trix", "14", NULL, "seed=together", "ema3=ema3;trix=trix"},
    {"ToTsi", "tsi", "25,13,7", NULL, "", "tsi=tsi;signal=signal"},
    {"ToUlcerIndex", "ulcer", "14", NULL, "", "ulcerindex=ulcer;ui=ulcer"},
    {"ToUltimate", "ultimate", "7,14,28", NULL, "", "ultimate=ultimate"},
    {"ToVolatilityStop", "volatility_stop", "7,3", NULL, "",
     "sar=sar;upperband=upper;lowerband=lower"},
    {"ToVortex", "vortex", "14", NULL, "", "pvi=plus;nvi=minus"},
    {"ToVwap", "vwap", "", NULL, "", "vwap=vwap"},
    {"ToVwma", "vwma", "10", NULL, "", "vwma=vwma"},
    {"ToWilliamsR", "williams_r", "14", NULL, "", "williamsr=williams_r"},
    {"ToWma", "wma", "20", NULL, "", "wma=wma"},
};

/* Calls whose constants stand in the source of the test only: by the name of the test. */
typedef struct named_test {
    const char *method;
    const char *test;
    const char *values;
} named_test;

static const named_test named_tests[] = {
    {"ToStoch", "Fast_WithSmoothPeriodOne_ReturnsFastStochastic", "5,10,1"},
    {"ToStochRsi", "SlowRsi_WithLargerSmoothPeriods_ReturnsExpectedResult", "14,14,3,3"},
    {"ToSlope", "DefaultParameters_ReturnsExpectedResults", "20"},
    {"ToParabolicSar", "DefaultParameters_ReturnsExpectedResults", "0.02,0.2"},
    {"ToAtrStop", "HighLow_WithHighLowEndType_ReturnsExpectedResult", "21,3,range"},
};

static void lower(char *text) {
    for (; *text != '\0'; text++)
        *text = (char)(*text >= 'A' && *text <= 'Z' ? *text - 'A' + 'a' : *text);
}

static bool output_of(const method *m, const char *theirs, char *ret_output) {
    char name[NAME_SIZE];
    snprintf(name, sizeof name - 1, "%s", theirs);
    lower(name);
    strcat(name, "=");
    const char *at = strstr(m->outputs, name);
    while (at != NULL && at != m->outputs && at[-1] != ';')
        at = strstr(at + 1, name);
    if (at == NULL)
        return false;
    at += strlen(name);
    snprintf(ret_output, NAME_SIZE, "%.*s", (int)strcspn(at, ";"), at);
    return true;
}

/* The row of the table for the call and one of its outputs, and the arguments as they stand. */
static const method *method_of(const char *call, const char *theirs, char *ret_arguments,
                               char *ret_output) {
    const char *name = strstr(call, ".To");
    if (name == NULL)
        return NULL;
    size_t size = strcspn(++name, "(");
    const char *arguments = name + size + 1;
    snprintf(ret_arguments, SPEC_SIZE, "%.*s", (int)strcspn(arguments, ")"), arguments);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (strlen(methods[i].name) == size && strncmp(methods[i].name, name, size) == 0 &&
            output_of(&methods[i], theirs, ret_output))
            return &methods[i];
    }
    return NULL;
}

/* What the call is made on, and what is told to our stream or by the output instead. */
static bool is_no_value(const char *argument) {
    static const char *const beginnings[] = {"Bars", "OtherBars", "BetaType.", "PeriodSize."};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (strncmp(argument, beginnings[i], strlen(beginnings[i])) == 0)
            return true;
    }
    return false;
}

/* One argument in our words: a number as it is, "MaType.ALMA" as "alma"; false for a name. Their
 * smoothed mean of a stochastic takes its seeds late (Stoch.StaticSeries.cs), their chains
 * of exponential means are seeded together (Dema.StaticSeries.cs, Tema.StaticSeries.cs). */
static bool argument_of(const method *m, const char *from, char *ret_value) {
    static const char *const words[][2] = {
        {"dema", "dema_together"}, {"tema", "tema_together"}, {"highlow", "range"}};
    char *end = NULL;
    strtod(from, &end);
    if (end != from && (*end == '\0' || *end == 'm' || *end == 'd')) {
        snprintf(ret_value, NAME_SIZE, "%.*s", (int)(end - from), from);
        return true;
    }
    const char *point = strchr(from, '.');
    if (point == NULL)
        return false;
    snprintf(ret_value, NAME_SIZE, "%s", point + 1);
    lower(ret_value);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(ret_value, words[i][0]) == 0)
            snprintf(ret_value, NAME_SIZE, "%s", words[i][1]);
    }
    if (strcmp(m->kind, "stochastic") == 0 && strcmp(ret_value, "smma") == 0)
        snprintf(ret_value, NAME_SIZE, "smma_late");
    return true;
}

/* The arguments of the call, then what is left of the values by default. */
static void spec_of(const method *m, const json_t *single, char *arguments, char *ret_spec) {
    const char *test = text_of(json_object_get(single, "source"), "test");
    const char *defaults = m->values;
    char values[SPEC_SIZE] = "";
    size_t count = 0;
    for (char *at = strtok(arguments, ","); at != NULL; at = strtok(NULL, ",")) {
        char value[NAME_SIZE];
        if (is_no_value(at))
            continue;
        if (!argument_of(m, at, value)) {
            defaults = m->named != NULL ? m->named : m->values;
            count = 0;
            values[0] = '\0';
            break;
        }
        size_t used = strlen(values);
        snprintf(values + used, sizeof values - used, "%s%s", count == 0 ? "" : ",", value);
        count++;
    }
    for (size_t i = 0; count == 0 && i < sizeof named_tests / sizeof named_tests[0]; i++) {
        if (strcmp(named_tests[i].method, m->name) == 0 && strcmp(named_tests[i].test, test) == 0)
            defaults = named_tests[i].values;
    }
    for (; count > 0 && *defaults != '\0'; count--) {
        defaults += strcspn(defaults, ",");
        defaults += *defaults == ',';
    }
    const char *comma = values[0] != '\0' && *defaults != '\0' ? "," : "";
    bool bare = values[0] == '\0' && *defaults == '\0';
    snprintf(ret_spec, SPEC_SIZE, "%s(%s%s%s%s%s)", m->kind, values, comma, defaults,
             bare || m->suffix[0] == '\0' ? "" : ",", m->suffix);
}

/* How many rows later we know what they draw in an earlier row. */
static int delay_of(const method *m, const char *output, const char *spec) {
    tw_indicator_config config;
    assert_int_equal(tw_indicator_parse(spec, &config, NULL), TW_OK);
    const double *values = config.parameters;
    if (strcmp(m->kind, "dpo") == 0)
        return (int)values[0] / 2 + 1;
    if (strcmp(m->kind, "fractal") == 0 || strcmp(m->kind, "pivots") == 0)
        return (int)(values[1] > 0 ? values[1] : values[0]);
    return strcmp(output, "chikou") == 0 ? (int)values[3] : 0;
}

#endif
