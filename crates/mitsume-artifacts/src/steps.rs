//! `steps.csv`: one row per training step, appended while training.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use crate::{Action, ArtifactError, Result};

/// One training step. Numbers are written with 9 significant digits, from which any f32 is read
/// back exactly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepRow {
    /// From 1, over the whole run.
    pub step: u64,
    /// From 1.
    pub epoch: u64,
    /// lambda_t in this step.
    pub lambda: f64,
    /// Cross-entropy of the batch.
    pub cross_entropy: f64,
    /// CAM loss of the batch; `None` (an empty field) if it was not computed.
    pub cam_loss: Option<f64>,
    /// cross_entropy + lambda * cam_loss.
    pub loss: f64,
}

const HEADER: &str = "step,epoch,lambda,cross_entropy,cam_loss,loss";

/// Limit on the length of a line; a longer one is not a row.
const MAX_LINE_BYTES: u64 = 1024;

impl StepRow {
    fn line(&self) -> String {
        let cam_loss = self.cam_loss.map(format_f32).unwrap_or_default();
        format!(
            "{},{},{},{},{cam_loss},{}\n",
            self.step,
            self.epoch,
            format_f32(self.lambda),
            format_f32(self.cross_entropy),
            format_f32(self.loss),
        )
    }

    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(',');
        let row = Self {
            step: fields.next()?.parse().ok()?,
            epoch: fields.next()?.parse().ok()?,
            lambda: fields.next()?.parse().ok()?,
            cross_entropy: fields.next()?.parse().ok()?,
            cam_loss: match fields.next()? {
                "" => None,
                text => Some(text.parse().ok()?),
            },
            loss: fields.next()?.parse().ok()?,
        };
        fields.next().is_none().then_some(row)
    }
}

/// A number with 9 significant digits.
fn format_f32(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else {
        format!("{value:.8e}")
    }
}

/// Appends rows, buffered until [`StepWriter::sync`] or drop.
#[derive(Debug)]
pub struct StepWriter {
    out: BufWriter<File>,
    path: PathBuf,
}

impl StepWriter {
    /// Creates the file with the header, replacing an existing one.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming `path`.
    pub fn create(path: &Path) -> Result<Self> {
        let fail = |e| ArtifactError::io(Action::Write, path, e);
        let mut out = BufWriter::new(File::create(path).map_err(fail)?);
        writeln!(out, "{HEADER}").map_err(fail)?;
        Ok(Self {
            out,
            path: path.to_owned(),
        })
    }

    /// Opens an existing file to continue after `last_step`: later rows and an incomplete last line
    /// are removed. If `last_step` is 0, a new file is created.
    ///
    /// # Errors
    /// [`ArtifactError::Malformed`] if a row up to `last_step` is missing.
    pub fn resume(path: &Path, last_step: u64) -> Result<Self> {
        if last_step == 0 {
            return Self::create(path);
        }
        let (rows, length) = rows_up_to(path, last_step)?;
        if rows.last().map(|row| row.step) != Some(last_step) {
            let problem = format!("ends before step {last_step}, where the checkpoint was taken");
            return Err(ArtifactError::malformed(path, problem));
        }
        let fail = |e| ArtifactError::io(Action::Write, path, e);
        let mut file = OpenOptions::new().write(true).open(path).map_err(fail)?;
        file.set_len(length).map_err(fail)?;
        file.seek(SeekFrom::End(0)).map_err(fail)?;
        Ok(Self {
            out: BufWriter::new(file),
            path: path.to_owned(),
        })
    }

    /// Appends one row.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming the file.
    pub fn push(&mut self, row: &StepRow) -> Result<()> {
        let result = self.out.write_all(row.line().as_bytes());
        result.map_err(|e| ArtifactError::io(Action::Write, &self.path, e))
    }

    /// Flushes all rows to the disk; call it before writing a checkpoint of the last step.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] naming the file.
    pub fn sync(&mut self) -> Result<()> {
        let result = self
            .out
            .flush()
            .and_then(|()| self.out.get_ref().sync_data());
        result.map_err(|e| ArtifactError::io(Action::Write, &self.path, e))
    }
}

/// Largest file that is read, in bytes; a million steps have 100 MB.
const MAX_STEPS_BYTES: u64 = 2 << 30;

/// Reads all rows; an incomplete last line is left out.
///
/// # Errors
/// [`ArtifactError::Io`], or [`ArtifactError::Malformed`] naming the line.
pub fn read_steps(path: &Path) -> Result<Vec<StepRow>> {
    Ok(rows_up_to(path, u64::MAX)?.0)
}

/// The rows up to step `last`, and the length of the file up to them in bytes.
fn rows_up_to(path: &Path, last: u64) -> Result<(Vec<StepRow>, u64)> {
    let fail = |e| ArtifactError::io(Action::Read, path, e);
    let mut input = BufReader::new(mitsume_guard::file::open(path, MAX_STEPS_BYTES).map_err(fail)?);
    let mut rows: Vec<StepRow> = Vec::new();
    let (mut length, mut number, mut line) = (0, 0, Vec::new());
    loop {
        line.clear();
        let mut limited = std::io::Read::take(&mut input, MAX_LINE_BYTES);
        let read = limited.read_until(b'\n', &mut line).map_err(fail)? as u64;
        number += 1;
        let text = std::str::from_utf8(&line)
            .ok()
            .and_then(|text| text.strip_suffix('\n'));
        let Some(text) = text.map(|text| text.trim_end_matches('\r')) else {
            if read < MAX_LINE_BYTES && number > 1 {
                return Ok((rows, length));
            }
            return Err(ArtifactError::malformed(
                path,
                format!("line {number} is no row"),
            ));
        };
        if number == 1 {
            if text != HEADER {
                let problem = format!("the first line must be \"{HEADER}\"");
                return Err(ArtifactError::malformed(path, problem));
            }
        } else {
            let row = StepRow::parse(text).ok_or_else(|| {
                ArtifactError::malformed(path, format!("line {number} is no row"))
            })?;
            let expected = rows.len() as u64 + 1;
            if row.step != expected {
                let problem = format!("line {number}: step {} instead of {expected}", row.step);
                return Err(ArtifactError::malformed(path, problem));
            }
            if row.step > last {
                return Ok((rows, length));
            }
            rows.push(row);
        }
        length += read;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(step: u64) -> StepRow {
        StepRow {
            step,
            epoch: 1,
            lambda: 50.0,
            cross_entropy: f64::from(1.234_567_9_f32),
            cam_loss: step.is_multiple_of(2).then_some(0.012_345_678_9),
            loss: -1.0e-12,
        }
    }

    fn write(path: &Path, steps: u64) {
        let mut out = StepWriter::create(path).unwrap();
        for step in 1..=steps {
            out.push(&row(step)).unwrap();
        }
        out.sync().unwrap();
    }

    #[test]
    fn numbers_have_nine_significant_digits() {
        let expected = "2,1,5.00000000e1,1.23456788e0,1.23456789e-2,-1.00000000e-12\n";
        assert_eq!(row(2).line(), expected);
        assert_eq!(
            row(1).line(),
            "1,1,5.00000000e1,1.23456788e0,,-1.00000000e-12\n"
        );
    }

    #[test]
    fn every_f32_survives_format_f32() {
        for bits in (0..=u32::MAX).step_by(65_537) {
            let value = f32::from_bits(bits);
            if value.is_finite() {
                let back: f32 = format_f32(f64::from(value)).parse().unwrap();
                assert_eq!(back, value);
            }
        }
    }

    #[test]
    fn resume_continues_as_if_never_interrupted() {
        let dir = tempfile::tempdir().unwrap();
        let (whole, cut) = (dir.path().join("whole.csv"), dir.path().join("cut.csv"));
        write(&whole, 7);
        write(&cut, 5);
        let mut torn = OpenOptions::new().append(true).open(&cut).unwrap();
        torn.write_all(b"6,1,5.0000").unwrap();
        assert_eq!(read_steps(&cut).unwrap().len(), 5);
        let mut out = StepWriter::resume(&cut, 3).unwrap();
        for step in 4..=7 {
            out.push(&row(step)).unwrap();
        }
        drop(out);
        assert_eq!(std::fs::read(cut).unwrap(), std::fs::read(whole).unwrap());
    }

    #[test]
    fn resume_refuses_a_file_that_lacks_the_checkpoint_s_steps() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("steps.csv");
        write(&path, 2);
        let error = StepWriter::resume(&path, 3).unwrap_err().to_string();
        assert!(error.contains("ends before step 3"), "{error}");
    }

    #[test]
    fn damaged_lines_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("steps.csv");
        let refuse = |text: &[u8]| {
            std::fs::write(&path, text).unwrap();
            read_steps(&path).unwrap_err().to_string()
        };
        assert!(refuse(b"").contains("line 1"));
        assert!(refuse(b"x\n").contains("the first line must be"));
        assert!(refuse(format!("{HEADER}\n1,1,0,zero,,0\n").as_bytes()).contains("line 2"));
        assert!(
            refuse(format!("{HEADER}\n2,1,0,0,,0\n").as_bytes()).contains("step 2 instead of 1")
        );
        assert!(refuse(format!("{HEADER}\n{}", "9".repeat(5000)).as_bytes()).contains("line 2"));
    }
}
