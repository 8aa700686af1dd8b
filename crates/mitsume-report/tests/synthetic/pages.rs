//! Pages of synthetic evaluations.

use std::path::Path;

use mitsume_report::{Page, ReportError, ReportOptions};

use super::{Plan, evaluation};

/// The English page.
pub fn report(dir: &Path) -> Result<Page, ReportError> {
    mitsume_report::report(dir, &ReportOptions::default())
}

/// A page of an evaluation made by `plan`.
pub fn page(plan: &Plan) -> Page {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("evaluation");
    evaluation(&root, &dir.path().join("data"), plan);
    report(&root).unwrap()
}

/// The markup without the contents of data URIs, style and script.
pub fn markup(html: &str) -> String {
    let mut parts = html.split("base64,");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        out.push_str(&part[part.find('"').unwrap()..]);
    }
    let body = out.find("<body>").unwrap()..out.rfind("<script>").unwrap();
    out[body].to_owned()
}

pub fn count(html: &str, what: &str) -> usize {
    html.matches(what).count()
}
