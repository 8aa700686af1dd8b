#!/usr/bin/env bash
# Tests the HTML report in headless Chromium: sorting, filtering, phone width, dark mode, and
# that no request leaves the page. Installs Chromium and ChromeDriver where apt-get can; fails
# where they cannot be had. Screenshots are left in the target folder (report-screenshots/).
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v chromedriver >/dev/null || ! command -v chromium >/dev/null; then
  if ! command -v apt-get >/dev/null; then
    echo "test-report: chromium and chromedriver are needed; install them and run this again" >&2
    exit 1
  fi
  as_root=()
  if [ "$(id -u)" -ne 0 ]; then as_root=(sudo); fi
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" apt-get install -y -q --no-install-recommends chromium chromium-driver
fi
chromium --version
chromedriver --version

# One at a time: each test starts its own browser.
# All packages, so that dependencies have the features that other tests compiled them with.
exec cargo test --release --features mitsume-report/chromium --test browser -- --test-threads=1
