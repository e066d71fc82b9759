//! The tables.

use std::{fmt, time::Duration};

use crate::{measure::Measurement, program::Contender};

/// What one measured run came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) requests: u64,
    pub(crate) measurement: Measurement,
    /// CPU time of the emulator meanwhile.
    pub(crate) server_cpu: Duration,
}

/// What was measured, on what, in the order in which it was first measured.
#[derive(Debug, Default)]
pub(crate) struct Report {
    heading: Vec<String>,
    sections: Vec<Section>,
}

/// The table of one service.
#[derive(Debug)]
struct Section {
    heading: String,
    rows: Vec<Row>,
    notes: Vec<String>,
}

#[derive(Debug)]
struct Row {
    title: String,
    /// Ours first, since the first round begins with it.
    programs: Vec<Series>,
}

#[derive(Debug)]
struct Series {
    key: &'static str,
    samples: Vec<Sample>,
}

impl Report {
    /// Says on what all of it was measured, a line each.
    pub(crate) fn describe(&mut self, heading: Vec<String>) {
        self.heading = heading;
    }

    /// Begins the table of a service.
    pub(crate) fn begin(&mut self, heading: String) {
        self.sections.push(Section {
            heading,
            rows: Vec::new(),
            notes: Vec::new(),
        });
    }

    /// Adds a sample of a program to the row `title` of the table that was begun last.
    pub(crate) fn record(&mut self, title: &str, program: &Contender, sample: Sample) {
        let Some(section) = self.sections.last_mut() else {
            return;
        };
        let row = find_or_add(
            &mut section.rows,
            |row| row.title == title,
            || Row {
                title: title.to_owned(),
                programs: Vec::new(),
            },
        );
        let series = find_or_add(
            &mut row.programs,
            |series| series.key == program.key,
            || Series {
                key: program.key,
                samples: Vec::new(),
            },
        );
        series.samples.push(sample);
    }

    /// Adds a sentence below the table that was begun last.
    pub(crate) fn note(&mut self, text: String) {
        if let Some(section) = self.sections.last_mut() {
            section.notes.push(text);
        }
    }
}

fn find_or_add<T>(
    list: &mut Vec<T>,
    is_it: impl Fn(&T) -> bool,
    new: impl FnOnce() -> T,
) -> &mut T {
    let index = list.iter().position(is_it).unwrap_or_else(|| {
        list.push(new());
        list.len() - 1
    });
    &mut list[index]
}

/// For whoever waits.
impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let median = Median::of(&[*self]);
        write!(
            f,
            "{} requests, {:.2} s, {:.2} s of CPU, {:.1} MiB; {:.2} s of the emulator's CPU",
            Grouped(median.requests),
            median.wall,
            median.cpu,
            median.peak,
            self.server_cpu.as_secs_f64()
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.heading {
            writeln!(f, "{line}  ")?;
        }
        for section in self.sections.iter().filter(|section| !section.is_empty()) {
            section.fmt(f)?;
        }
        Ok(())
    }
}

impl Section {
    fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.notes.is_empty()
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{}. Each cell is ours / theirs, the median of alternating rounds.\n",
            self.heading
        )?;
        writeln!(
            f,
            "| | rounds | requests | wall, s | CPU, s | peak memory, MiB |"
        )?;
        writeln!(f, "| --- | ---: | ---: | ---: | ---: | ---: |")?;
        for row in &self.rows {
            row.fmt(f)?;
        }
        for note in &self.notes {
            writeln!(f, "\n{note}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let medians: Vec<Median> = self
            .programs
            .iter()
            .map(|series| Median::of(&series.samples))
            .collect();
        let cell = |of: fn(&Median) -> String| {
            let cells: Vec<String> = medians.iter().map(of).collect();
            cells.join(" / ")
        };
        let rounds = self.programs.iter().map(|series| series.samples.len());
        writeln!(
            f,
            "| {} | {} | {} | {} | {} | {} |",
            self.title,
            rounds.max().unwrap_or_default(),
            cell(|median| Grouped(median.requests).to_string()),
            cell(|median| format!("{:.2}", median.wall)),
            cell(|median| format!("{:.2}", median.cpu)),
            cell(|median| format!("{:.1}", median.peak)),
        )
    }
}

/// The median of each quantity on its own, in the units of the table.
#[derive(Debug)]
struct Median {
    requests: u64,
    wall: f64,
    cpu: f64,
    peak: f64,
}

impl Median {
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "shown with few digits; no count is negative"
    )]
    fn of(samples: &[Sample]) -> Self {
        let of = |quantity: fn(&Sample) -> f64| median(samples.iter().map(quantity).collect());
        Self {
            requests: of(|sample| sample.requests as f64).round() as u64,
            wall: of(|sample| sample.measurement.wall.as_secs_f64()),
            cpu: of(|sample| sample.measurement.cpu.as_secs_f64()),
            peak: of(|sample| sample.measurement.peak as f64 / f64::from(1 << 20)),
        }
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        _ if values.is_empty() => f64::NAN,
        0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

/// A number with its digits in groups of three.
#[derive(Debug)]
struct Grouped(u64);

impl fmt::Display for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 1000, self.0 % 1000) {
            (0, rest) => write!(f, "{rest}"),
            (above, rest) => write!(f, "{},{rest:03}", Self(above)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_between_the_two_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(Vec::new()).is_nan());
    }

    #[test]
    fn digits_are_in_groups_of_three() {
        let grouped = [0, 999, 1_000, 1_003_006].map(|number| Grouped(number).to_string());
        assert_eq!(grouped, ["0", "999", "1,000", "1,003,006"]);
    }

    #[test]
    fn a_cell_is_ours_and_theirs() {
        let mut report = Report::default();
        report.begin("Koofr".to_owned());
        let (ours, theirs) = (contender("ours"), contender("rclone"));
        report.record("(a)", &ours, sample(1));
        report.record("(a)", &theirs, sample(4000));
        let row = "| (a) | 1 | 1 / 4,000 | 1.00 / 4000.00 |";
        assert!(report.to_string().contains(row), "{report}");
    }

    fn contender(key: &'static str) -> Contender {
        Contender {
            key,
            label: key.to_owned(),
            path: key.into(),
        }
    }

    fn sample(size: u64) -> Sample {
        let time = Duration::from_secs(size);
        Sample {
            requests: size,
            measurement: Measurement {
                wall: time,
                cpu: time,
                peak: size << 20,
            },
            server_cpu: time,
        }
    }
}
