#!/usr/bin/env bash
# Licences, duplicate bans and sources of every dependency, and known vulnerabilities, by cargo-deny.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! cargo deny --version 2>/dev/null | grep -q .; then
    # Its own target folder and a quick profile: it is run once, not shipped.
    CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
        cargo install --locked --quiet cargo-deny || {
        echo "cargo-deny could not be installed" >&2
        exit 1
    }
fi
cargo deny --all-features check licenses bans sources

# The advisory database is a git repository of its own. Where it cannot be fetched nothing can be
# said about vulnerabilities, and that is said aloud; a vulnerability found is a failure.
if log=$(cargo deny --all-features check advisories 2>&1); then
    echo "$log"
elif grep -q 'failed to fetch\|failed to load advisory database\|unable to fetch\|failed to clone' <<<"$log"; then
    echo "$log" | tail -n 5 >&2
    echo "WARNING: the advisory database cannot be reached from here; advisories were NOT checked" >&2
else
    echo "$log" >&2
    exit 1
fi
