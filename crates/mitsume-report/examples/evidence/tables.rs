//! The page's tables as Markdown, and the values named in its text.

use std::collections::BTreeSet;
use std::fmt::Write;

use mitsume_locale::Language;
use mitsume_stats::fisher::fisher_mean;
use mitsume_stats::interval::{Interval, mean, standard_deviation};
use mitsume_stats::run::Run;
use mitsume_stats::run_correlation::ConditionCorrelation;
use mitsume_stats::two_sample::{TwoSampleComparison, detectable_effect, smallest_p, splits};

use crate::cell::{CONFIDENCE, Cells, DRAWS, Key, Sample, Tests, final_consistency, swing};
use crate::pages::Blocks;
use crate::records::MEASURES;

/// `l2` is written in thousandths.
pub const THOUSANDTHS: f64 = 1e3;

/// Every table and value by name.
pub fn all(cells: &Cells, language: Language) -> Blocks {
    let tables = Tables { cells, language };
    let mut blocks = Blocks::new();
    let mut put = |name: &str, text: String| blocks.insert(name.to_owned(), format!("\n{text}\n"));
    put("overview", tables.overview());
    put("correlations", tables.correlations());
    put(
        "final-kappa",
        tables.finals(Run::final_kappa, 1.0, |tests| tests.final_kappa),
    );
    put(
        "final-consistency",
        tables.finals(final_consistency, THOUSANDTHS, |tests| {
            tests.final_consistency
        }),
    );
    put("curves", tables.curves());
    put("power", tables.power());
    put("trends", tables.trends());
    put("measures", tables.measures());
    put("first-epochs", tables.first_epochs());
    put("control", tables.control());
    put("summary", tables.summary());
    let runs: usize = cells.repeated().map(|cell| cell.repeated.runs.len()).sum();
    blocks.insert("runs".to_owned(), runs.to_string());
    blocks.insert("cells".to_owned(), cells.compared().count().to_string());
    blocks
}

/// The name of a data set and network in a table.
pub fn title((dataset, model): &Key) -> String {
    let dataset = match &dataset[..] {
        "brain-tumor-mri" => "Brain Tumor MRI",
        "chest-xray" => "Chest X-Ray",
        other => other,
    };
    format!("{dataset},\u{a0}{}", model.trim_start_matches("level"))
}

struct Tables<'a> {
    cells: &'a Cells,
    language: Language,
}

impl Tables<'_> {
    /// The words of this language.
    fn say<'a>(&self, english: &'a str, japanese: &'a str) -> &'a str {
        match self.language {
            Language::Japanese => japanese,
            _ => english,
        }
    }

    /// The first column's heading, and the others'.
    fn head(&self, columns: &[&str]) -> String {
        let first = self.say("data, level", "データ、Level");
        let mut text = format!("| {first} |");
        for column in columns {
            let _ = write!(text, " {column} |");
        }
        text + "\n|" + &" --- |".repeat(columns.len() + 1)
    }

    /// What a column holds, and of which runs.
    fn heading(&self, what: &str, whose: &str) -> String {
        match self.language {
            Language::Japanese => format!("{what}（{whose}）"),
            _ => format!("{what}, {whose}"),
        }
    }

    fn published(&self) -> &'static str {
        self.say("published", "公開")
    }

    fn repeated(&self) -> &'static str {
        self.say("repeated", "再現")
    }

    /// What every test of every cell says, after Holm's correction.
    fn overview(&self) -> String {
        let mut text = self.head(&[
            "r",
            self.say("final kappa", "最後の kappa"),
            self.say("final `l2`", "最後の `l2`"),
            self.say("kappa curve", "kappa の曲線"),
            self.say("`l2` curve", "`l2` の曲線"),
        ]);
        for (cell, tests) in self.cells.compared() {
            let _ = write!(text, "\n| {} |", title(&cell.key));
            for p in tests.holm {
                let _ = match p {
                    None => write!(text, " – |"),
                    Some(at) if at <= 0.05 => write!(text, " **{}** |", p_text(at)),
                    Some(at) => write!(text, " {} |", p_text(at)),
                };
            }
        }
        text
    }

    fn correlations(&self) -> String {
        let mut text = self.head(&[
            self.say("Table 2", "表 2"),
            &format!("{} [95 %] (n)", self.published()),
            &format!("{} [95 %] (n)", self.repeated()),
            "p",
        ]);
        for cell in &self.cells.cells {
            let printed = self.cells.table_2.get(&cell.key).copied();
            let p = cell.tests.as_ref().and_then(|tests| tests.r);
            let _ = write!(
                text,
                "\n| {} | {} | {} | {} | {} |",
                title(&cell.key),
                number(printed, 3),
                self.mean_r(&cell.published),
                self.mean_r(&cell.repeated),
                p.map_or("–".to_owned(), |tests| p_text(tests.mean_p)),
            );
        }
        text
    }

    fn mean_r(&self, sample: &Sample) -> String {
        let (rs, runs) = (sample.rs(), sample.runs.len());
        let Some(center) = mean(&rs) else {
            return "–".to_owned();
        };
        let interval = fisher_mean(&rs, CONFIDENCE).and_then(|mean| mean.interval);
        let of = if rs.len() == runs {
            format!("{runs}")
        } else {
            match self.language {
                Language::Japanese => format!("{runs}\u{a0}のうち\u{a0}{}", rs.len()),
                _ => format!("{}\u{a0}of\u{a0}{runs}", rs.len()),
            }
        };
        format!(
            "{} {} ({of})",
            number(Some(center), 3),
            interval_text(interval, 1.0, 2)
        )
    }

    /// A value after the last epoch.
    fn finals(
        &self,
        value: fn(&Run) -> Option<f64>,
        factor: f64,
        tests: fn(&Tests) -> TwoSampleComparison,
    ) -> String {
        let mut text = self.head(&[
            &format!("{} (n)", self.published()),
            &format!("{} (n)", self.repeated()),
            self.say("difference [95 %]", "差 [95 %]"),
            self.say("p, means", "p（平均）"),
            self.say("p, distributions", "p（分布）"),
        ]);
        for (cell, all) in self.cells.compared() {
            let tests = tests(all);
            let [published, repeated] = [&cell.published, &cell.repeated]
                .map(|sample| spread(&sample.values(value), factor));
            let _ = write!(
                text,
                "\n| {} | {published} | {repeated} | {} {} | {} | {} |",
                title(&cell.key),
                signed(tests.mean_difference * factor),
                interval_text(tests.interval, factor, 3),
                p_text(tests.mean_p),
                p_text(tests.kolmogorov_smirnov_p),
            );
        }
        text
    }

    fn curves(&self) -> String {
        let mut text = self.head(&[
            self.say("p, kappa curve", "p（kappa の曲線）"),
            self.say("p, `l2` curve", "p（`l2` の曲線）"),
            &self.heading(self.say("swing", "変動"), self.published()),
            &self.heading(self.say("swing", "変動"), self.repeated()),
            self.say("p, swing", "p（変動）"),
        ]);
        for (cell, tests) in self.cells.compared() {
            let [published, repeated] =
                [&cell.published, &cell.repeated].map(|sample| spread(&sample.values(swing), 1.0));
            let _ = write!(
                text,
                "\n| {} | {} | {} | {published} | {repeated} | {} |",
                title(&cell.key),
                p_text(tests.kappa_curve_p),
                p_text(tests.consistency_curve_p),
                p_text(tests.swing.mean_p),
            );
        }
        text
    }

    /// What samples of the sizes that occur can show.
    fn power(&self) -> String {
        let mut text = format!(
            "| {} | {} | {} | {} |\n| --- | --- | --- | --- |",
            self.say("runs, published and repeated", "実行数（公開と再現）"),
            self.say("splits", "分け方の数"),
            self.say("smallest p", "最小の p"),
            self.say(
                "difference found with probability 0.8",
                "確率 0.8 で見つかる差"
            ),
        );
        let mut sizes = BTreeSet::new();
        for (cell, _) in self.cells.compared() {
            for [a, b] in [
                [&cell.published, &cell.repeated].map(|s| s.rs().len()),
                [&cell.published, &cell.repeated].map(|s| s.values(Run::final_kappa).len()),
                [&cell.published, &cell.repeated].map(|s| s.values(final_consistency).len()),
            ] {
                if a > 0 && b > 0 {
                    sizes.insert([a, b]);
                }
            }
        }
        for size in sizes {
            let found = detectable_effect(size, 0.8, 0.05, DRAWS).map_or_else(
                || self.say("none", "なし").to_owned(),
                |effect| match self.language {
                    Language::Japanese => format!("標準偏差の {effect:.1} 倍"),
                    _ => format!("{effect:.1} standard deviations"),
                },
            );
            let [a, b] = size;
            let _ = write!(
                text,
                "\n| {a}, {b} | {} | {:.4} | {found} |",
                splits(size),
                smallest_p(size)
            );
        }
        text
    }

    /// How much of the correlation is a trend over the epochs.
    fn trends(&self) -> String {
        let changes = self.say("r of changes", "変化の r");
        let epochs = self.say("effective epochs", "有効エポック数");
        let mut text = self.head(&[
            &self.heading(changes, self.published()),
            &self.heading(changes, self.repeated()),
            &self.heading(epochs, self.published()),
            &self.heading(epochs, self.repeated()),
        ]);
        for cell in self.cells.repeated() {
            let of = |value: fn(&ConditionCorrelation) -> Option<f64>, digits| {
                let both = [&cell.published, &cell.repeated];
                both.map(|s| number(s.correlation.as_ref().and_then(value), digits))
                    .join(" | ")
            };
            let _ = write!(
                text,
                "\n| {} | {} | {} |",
                title(&cell.key),
                of(|all| all.mean_r_of_changes, 3),
                of(|all| all.effective_epochs, 1),
            );
        }
        text
    }

    /// The repeated runs' mean r with every measure.
    fn measures(&self) -> String {
        let names = MEASURES.map(|name| format!("`{name}`"));
        let mut text = self.head(&names.each_ref().map(|name| &name[..]));
        for cell in self.cells.repeated() {
            let _ = write!(text, "\n| {} |", title(&cell.key));
            for means in &self.cells.measures {
                let _ = write!(text, " {} |", number(means.get(&cell.key).copied(), 3));
            }
        }
        text
    }

    /// The range of kappa over the runs after the first epochs and the last.
    fn first_epochs(&self) -> String {
        let epochs = [1_u32, 2, 5, 10, 20];
        let label = |epoch: &u32| match self.language {
            Language::Japanese => format!("エポック {epoch}"),
            _ => format!("epoch {epoch}"),
        };
        let labels = epochs.each_ref().map(label);
        let mut text = self.head(&labels.each_ref().map(|label| &label[..]));
        for cell in self.cells.repeated() {
            for (name, sample) in [
                (self.published(), &cell.published),
                (self.repeated(), &cell.repeated),
            ] {
                let _ = write!(text, "\n| {}, {name} |", title(&cell.key));
                for epoch in epochs {
                    let at = |run: &Run| run.epochs.iter().find(|row| row.0 == epoch)?.1;
                    let _ = write!(text, " {} |", self.range(&sample.values(at), 2));
                }
            }
        }
        text
    }

    fn range(&self, values: &[f64], digits: usize) -> String {
        let low = values.iter().copied().reduce(f64::min);
        let high = values.iter().copied().reduce(f64::max);
        if low == high {
            return number(low, digits);
        }
        let to = self.say("to", "〜");
        format!(
            "{}\u{a0}{to}\u{a0}{}",
            number(low, digits),
            number(high, digits)
        )
    }

    /// The control beside the samples of its cells: kappa over all epochs, `l2` after the last.
    fn control(&self) -> String {
        let mut text = self.head(&[
            self.say("runs", "実行"),
            self.say("kappa, all epochs", "kappa（全エポック）"),
            self.say("final `l2`", "最後の `l2`"),
        ]);
        let mut keys: Vec<Key> = self.cells.control.iter().map(key_of).collect();
        keys.dedup();
        for cell in self
            .cells
            .cells
            .iter()
            .filter(|cell| keys.contains(&cell.key))
        {
            let control = self
                .cells
                .control
                .iter()
                .filter(|run| key_of(run) == cell.key);
            let control: Vec<&Run> = control.collect();
            for (name, runs) in [
                (
                    self.published(),
                    cell.published.runs.iter().collect::<Vec<_>>(),
                ),
                (self.repeated(), cell.repeated.runs.iter().collect()),
                ("PyTorch", control),
            ] {
                let kappas: Vec<f64> = runs
                    .iter()
                    .flat_map(|run| &run.epochs)
                    .filter_map(|epoch| epoch.1)
                    .collect();
                let finals: Vec<f64> = runs
                    .iter()
                    .filter_map(|run| Some(final_consistency(run)? * THOUSANDTHS))
                    .collect();
                let _ = write!(
                    text,
                    "\n| {} | {name}, {} | {} | {} |",
                    title(&cell.key),
                    runs.len(),
                    self.range(&kappas, 3),
                    self.range(&finals, 2),
                );
            }
        }
        text
    }

    /// For the README: r and final kappa.
    fn summary(&self) -> String {
        let kappa = self.say("final kappa", "最後の kappa");
        let mut text = self.head(&[
            &self.heading("r", self.published()),
            &self.heading("r", self.repeated()),
            &self.heading(kappa, self.published()),
            &self.heading(kappa, self.repeated()),
        ]);
        for cell in self.cells.repeated() {
            let both = [&cell.published, &cell.repeated];
            let rs = both.map(|sample| {
                let rs = sample.rs();
                format!("{} ({})", number(mean(&rs), 2), rs.len())
            });
            let rs = rs.join(" | ");
            let kappas = both
                .map(|sample| spread(&sample.values(Run::final_kappa), 1.0))
                .join(" | ");
            let _ = write!(text, "\n| {} | {rs} | {kappas} |", title(&cell.key));
        }
        text
    }
}

fn key_of(run: &Run) -> Key {
    (run.condition.dataset.clone(), run.condition.model.clone())
}

/// Mean, standard deviation and number.
fn spread(values: &[f64], factor: f64) -> String {
    let Some(center) = mean(values) else {
        return "–".to_owned();
    };
    let deviation = standard_deviation(values).map(|deviation| deviation * factor);
    let deviation = deviation.map_or(String::new(), |d| format!("\u{a0}±\u{a0}{d:.3}"));
    format!(
        "{}{deviation}\u{a0}({})",
        number(Some(center * factor), 3),
        values.len()
    )
}

/// A number with a true minus sign.
fn number(value: Option<f64>, digits: usize) -> String {
    value.map_or("–".to_owned(), |value| {
        let text = format!("{value:.digits$}");
        let zero = text
            .trim_start_matches('-')
            .chars()
            .all(|c| c == '0' || c == '.');
        if zero {
            text.trim_start_matches('-').to_owned()
        } else {
            text.replace('-', "−")
        }
    })
}

fn signed(value: f64) -> String {
    format!("{value:+.3}").replace('-', "−")
}

fn interval_text(interval: Option<Interval>, factor: f64, digits: usize) -> String {
    interval.map_or(String::new(), |Interval { low, high }| {
        format!(
            "[{},\u{a0}{}]",
            number(Some(low * factor), digits),
            number(Some(high * factor), digits)
        )
    })
}

fn p_text(p: f64) -> String {
    if p < 0.001 {
        "< 0.001".to_owned()
    } else {
        format!("{p:.3}")
    }
}
