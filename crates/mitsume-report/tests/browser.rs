//! The report in a browser.
