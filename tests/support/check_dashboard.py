#!/usr/bin/env python3
"""check_dashboard.py - does every query of a dashboard ask for something that is there?

    check_dashboard.py SCRAPE DASHBOARD GUIDE

SCRAPE is OpenMetrics text of a running system. Each metric that a query of the dashboard names must
be a sample of it; each label that a query matches, groups by or shows must be a label of one of the
query's metrics (`instance` is the scraper's own), and a value that is matched exactly must be there.
And each family of the scrape must be named in GUIDE. Prints a line a violation; exits 1 if any.
"""

import json
import re
import sys

SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$")
LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
METRIC = re.compile(r"\b((?:tradewind|process)_\w+)(?:\{([^}]*)\})?")
MATCHER = re.compile(r'(\w+)(=~|!~|!=|=)"([^"]*)"')
GROUPED = re.compile(r"\bby \(([^)]*)\)")
SHOWN = re.compile(r"\{\{(\w+)\}\}")
OF_THE_SCRAPER = {"instance"}


def read_scrape(path):
    """Labels and their values of each sample name, and the names of the families."""
    samples, families = {}, []
    with open(path, encoding="utf-8") as source:
        for line in source.read().splitlines():
            if line.startswith("# TYPE "):
                families.append(line.split()[2])
            found = SAMPLE.match(line)
            if found:
                labels = samples.setdefault(found.group(1), {})
                for name, value in LABEL.findall(found.group(2) or ""):
                    labels.setdefault(name, set()).add(value)
    return samples, families


def check_query(samples, query, legend):
    """Sentences about what is asked for and not there."""
    wrong, known = [], set(OF_THE_SCRAPER)
    metrics = METRIC.findall(query)
    if not metrics:
        wrong.append("names no metric")
    for name, matchers in metrics:
        if name not in samples:
            wrong.append(f"{name} is no sample")
            continue
        known |= set(samples[name])
        for label, how, value in MATCHER.findall(matchers):
            if label in OF_THE_SCRAPER:
                continue
            if label not in samples[name]:
                wrong.append(f"{name} has no label {label}")
            elif how == "=" and value not in samples[name][label]:
                wrong.append(f'{name} has no {label}="{value}"')
    grouped = [word.strip() for words in GROUPED.findall(query) for word in words.split(",")]
    for label in grouped + SHOWN.findall(legend):
        if label not in known:
            wrong.append(f"no metric of it has the label {label}")
    return wrong


def main():
    scrape, dashboard, guide = sys.argv[1:]
    samples, families = read_scrape(scrape)
    violations, queries = [], 0
    with open(dashboard, encoding="utf-8") as source:
        board = json.load(source)
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            queries += 1
            for sentence in check_query(samples, target["expr"], target["legendFormat"]):
                violations.append(f"{panel['title']}: {target['expr']}: {sentence}")
    with open(guide, encoding="utf-8") as source:
        words = source.read()
    for family in families:
        if f"`{family}`" not in words:
            violations.append(f"{guide} does not name {family}")
    if queries == 0 or not families:
        violations.append("nothing was compared")
    for violation in violations:
        print(violation)
    sys.exit(1 if violations else 0)


if __name__ == "__main__":
    main()
