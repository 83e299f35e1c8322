#!/usr/bin/env node
/*
 * peer_duckdb_bars.js - the five timeframes of bench_bars by DuckDB, beside bench_bars.
 *
 *     npm install @duckdb/node-api                     # into any folder outside of this repository
 *     build/bench/bench_bars write FOLDER              # the trades, as columns
 *     NODE_PATH=THERE/node_modules node bench/peer_duckdb_bars.js FOLDER build/bench/bench_bars
 *
 * The trades stand in a table in memory: time, symbol, price (DOUBLE), size (INTEGER) and their
 * number, which says what came first; loading it is not timed. Timed are the statements that make
 * the five tables of bars, also in memory, each frame rolled up from the one before: on two
 * threads, with the table in the order of time. Three ways of saying open and close are tried;
 * what counts is the fastest of those whose sums are right. Then bench_bars does the same, in one
 * part and in two, and so on in turns. Without DuckDB it says so and ends well: there is nothing
 * to compare with.
 */
'use strict';
const { execFileSync } = require('child_process');
const fs = require('fs');
const path = require('path');

const ROUNDS = 5;
const FRAMES = [1, 60, 300, 3600, 86400];

/* How the open and close of rows, and of bars, are found; and what a bar has to keep for it. */
const WAYS = {
    'first and last': {
        rows: 'first(price) AS open, last(price) AS close, 0 AS first_row, 0 AS last_row',
        bars: 'first(open) AS open, last(close) AS close, 0 AS first_row, 0 AS last_row',
    },
    'by row': {
        rows: 'arg_min(price, row) AS open, arg_max(price, row) AS close, ' +
            'min(row) AS first_row, max(row) AS last_row',
        bars: 'arg_min(open, first_row) AS open, arg_max(close, last_row) AS close, ' +
            'min(first_row) AS first_row, max(last_row) AS last_row',
    },
    'by time': {
        rows: 'arg_min(price, time) AS open, arg_max(price, time) AS close, ' +
            'min(time) AS first_row, max(time) AS last_row',
        bars: 'arg_min(open, first_row) AS open, arg_max(close, last_row) AS close, ' +
            'min(first_row) AS first_row, max(last_row) AS last_row',
    },
};

function statement(way, index) {
    const sums = index === 0
        ? 'sum(size) AS volume, count(*) AS count, sum(price * size) AS value'
        : 'sum(volume) AS volume, sum(count) AS count, sum(value) AS value';
    const key = index === 0 ? `time // ${FRAMES[0]}000000000 * ${FRAMES[0]}`
        : `start // ${FRAMES[index]} * ${FRAMES[index]}`;
    const high = index === 0 ? 'max(price) AS high, min(price) AS low'
        : 'max(high) AS high, min(low) AS low';
    return `CREATE OR REPLACE TABLE bars${index} AS SELECT *, value / volume AS vwap FROM (` +
        `SELECT symbol, ${key} AS start, ${high}, ${way[index === 0 ? 'rows' : 'bars']}, ${sums} ` +
        `FROM ${index === 0 ? 'trades' : `bars${index - 1}`} GROUP BY symbol, ${key})`;
}

function column(folder, name, Type) {
    const bytes = fs.readFileSync(path.join(folder, name));
    return new Type(bytes.buffer, bytes.byteOffset, bytes.byteLength / Type.BYTES_PER_ELEMENT);
}

async function load(connection, folder) {
    const times = column(folder, 'ticks_ts.i64', BigInt64Array);
    const symbols = column(folder, 'ticks_sym.u16', Uint16Array);
    const prices = column(folder, 'ticks_px.f64', Float64Array);
    const sizes = column(folder, 'ticks_sz.i32', Int32Array);
    await connection.run('CREATE TABLE trades(time BIGINT, symbol USMALLINT, price DOUBLE, ' +
        'size INTEGER, row INTEGER)');
    const appender = await connection.createAppender('trades');
    for (let i = 0; i < times.length; i++) {
        appender.appendBigInt(times[i]);
        appender.appendUSmallInt(symbols[i]);
        appender.appendDouble(prices[i]);
        appender.appendInteger(sizes[i]);
        appender.appendInteger(i);
        appender.endRow();
    }
    appender.closeSync();
    return times.length;
}

async function seconds(connection, way) {
    const begin = process.hrtime.bigint();
    for (let i = 0; i < FRAMES.length; i++)
        await connection.run(statement(way, i));
    return Number(process.hrtime.bigint() - begin) * 1e-9;
}

/* The sums that bench_bars prints, but for vwap, which is of doubles here. */
async function sums(connection) {
    const lines = [];
    for (let i = 0; i < FRAMES.length; i++) {
        const reader = await connection.runAndReadAll('SELECT count(*), ' +
            ['open', 'high', 'low', 'close'].map((c) => `sum(round(${c} * 100)::HUGEINT)`) +
            `, sum(volume) FROM bars${i}`);
        lines.push(reader.getRows()[0].map(String).join(' '));
    }
    return lines.join('\n');
}

function bench(program, folder, job) {
    const text = execFileSync(program, [folder, job], { encoding: 'utf8' });
    return Number(text.match(/([0-9.]+) ns a trade/)[1]);
}

function benchSums(program, folder) {
    const lines = execFileSync(program, [folder, 'sums'], { encoding: 'utf8' }).split('\n');
    return lines.slice(1, 1 + FRAMES.length)
        .map((line) => line.trim().split(/ +/).slice(1, 7).join(' ')).join('\n');
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const range = (list) => `${Math.min(...list).toFixed(2)} to ${Math.max(...list).toFixed(2)}`;

async function main() {
    let duckdb;
    try {
        duckdb = require('@duckdb/node-api');
    } catch (error) {
        console.log('peer_duckdb_bars: DuckDB for node is not here, nothing is compared ' +
            '(npm install @duckdb/node-api, and NODE_PATH to its node_modules)');
        return;
    }
    const [folder, program] = process.argv.slice(2);
    if (folder === undefined || program === undefined) {
        console.error('usage: peer_duckdb_bars.js FOLDER bench_bars');
        process.exit(2);
    }
    const instance = await duckdb.DuckDBInstance.create(':memory:', { threads: '2' });
    const connection = await instance.connect();
    const count = await load(connection, folder);
    const wanted = benchSums(program, folder);
    let best = null;
    for (const [name, way] of Object.entries(WAYS)) {
        await seconds(connection, way); /* not counted */
        const right = (await sums(connection)) === wanted;
        const ns = (await seconds(connection, way)) / count * 1e9;
        console.log(`DuckDB ${name.padEnd(15)} ${ns.toFixed(2)} ns a trade${right ? '' : ', sums differ'}`);
        if (right && (best === null || ns < best.ns))
            best = { name, way, ns };
    }
    const peer = [];
    const one = [];
    const two = [];
    for (let i = 0; i < ROUNDS; i++) {
        peer.push((await seconds(connection, best.way)) / count * 1e9);
        one.push(bench(program, folder, 'table'));
        two.push(bench(program, folder, 'two parts'));
    }
    const line = (name, list) => console.log(`${name.padEnd(34)} ${median(list).toFixed(2)} ns a ` +
        `trade (${range(list)}), ${(median(peer) / median(list)).toFixed(1)} times DuckDB`);
    line(`DuckDB ${best.name}, two threads`, peer);
    line('table, one thread', one);
    line('table, two parts on two threads', two);
}

main().catch((error) => {
    console.error(`peer_duckdb_bars: ${error.message}`);
    process.exit(1);
});
