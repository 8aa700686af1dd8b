//! `mitsume report`

use mitsume_lab::LabError;
use mitsume_report::ReportOptions;

use super::output;
use crate::args::ReportArgs;
use crate::failure::Result;

/// Runs the command.
pub fn run(args: ReportArgs) -> Result {
    let options = ReportOptions::default();
    let page = mitsume_report::report(&args.dir, &options).map_err(LabError::from)?;
    let path = args.output.unwrap_or_else(|| args.dir.join("report.html"));
    page.write(&path).map_err(LabError::from)?;
    if page.missing_pictures > 0 {
        eprintln!(
            "warning: {} of {} pictures are no longer where they were; the page has placeholders",
            page.missing_pictures, page.images
        );
    }
    output::text(&path.display().to_string())
}
