//! The table.

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

/// Rows in the order in which they were first measured.
#[derive(Debug)]
pub(crate) struct Report {
    heading: Vec<String>,
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
    label: String,
    samples: Vec<Sample>,
}

impl Report {
    pub(crate) fn new(heading: Vec<String>) -> Self {
        Self {
            heading,
            rows: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a sample to the row `title` of a program.
    pub(crate) fn record(&mut self, title: &str, program: &Contender, sample: Sample) {
        let row = find_or_add(
            &mut self.rows,
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
                label: program.label.clone(),
                samples: Vec::new(),
            },
        );
        series.samples.push(sample);
    }

    /// Adds a sentence below the table.
    pub(crate) fn note(&mut self, text: String) {
        self.notes.push(text);
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

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in &self.heading {
            writeln!(f, "{line}  ")?;
        }
        writeln!(
            f,
            "\nMedians of alternating rounds; the last line of each measurement is ours divided by theirs.\n"
        )?;
        writeln!(
            f,
            "| measurement | program | rounds | requests | wall time, s | CPU time, s | peak memory, MiB | server CPU, s |"
        )?;
        writeln!(f, "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")?;
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
        let mut title = self.title.as_str();
        let medians: Vec<Median> = self.programs.iter().map(Series::median).collect();
        for (series, median) in self.programs.iter().zip(&medians) {
            writeln!(
                f,
                "| {title} | {} | {} | {:.0} | {:.2} | {:.2} | {:.1} | {:.2} |",
                series.label,
                series.samples.len(),
                median.requests,
                median.wall,
                median.cpu,
                median.peak,
                median.server_cpu,
            )?;
            title = "";
        }
        if let [ours, theirs] = medians.as_slice() {
            let ratio = |of: fn(&Median) -> f64| Ratio(of(ours), of(theirs));
            writeln!(
                f,
                "| | *ratio* | | {} | {} | {} | {} | |",
                ratio(|median| median.requests),
                ratio(|median| median.wall),
                ratio(|median| median.cpu),
                ratio(|median| median.peak),
            )?;
        }
        Ok(())
    }
}

/// The median of each quantity on its own, in the units of the table.
#[derive(Debug)]
struct Median {
    requests: f64,
    wall: f64,
    cpu: f64,
    peak: f64,
    server_cpu: f64,
}

impl Series {
    #[expect(clippy::cast_precision_loss, reason = "shown with few digits")]
    fn median(&self) -> Median {
        let of = |quantity: fn(&Sample) -> f64| median(self.samples.iter().map(quantity).collect());
        Median {
            requests: of(|sample| sample.requests as f64),
            wall: of(|sample| sample.measurement.wall.as_secs_f64()),
            cpu: of(|sample| sample.measurement.cpu.as_secs_f64()),
            peak: of(|sample| sample.measurement.peak as f64 / f64::from(1 << 20)),
            server_cpu: of(|sample| sample.server_cpu.as_secs_f64()),
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

/// A quotient with two digits that mean something.
#[derive(Debug)]
struct Ratio(f64, f64);

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = self.0 / self.1;
        match ratio {
            _ if !ratio.is_finite() => f.write_str("–"),
            _ if ratio < 0.001 => write!(f, "×{ratio:.6}"),
            _ if ratio < 0.1 => write!(f, "×{ratio:.3}"),
            _ => write!(f, "×{ratio:.2}"),
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
    fn a_row_ends_with_ours_divided_by_theirs() {
        let mut report = Report::new(vec!["today".to_owned()]);
        let (ours, theirs) = (contender("ours"), contender("rclone"));
        report.record("(a)", &ours, sample(1));
        report.record("(a)", &theirs, sample(4));
        assert!(
            report
                .to_string()
                .contains("| | *ratio* | | ×0.25 | ×0.25 |"),
            "{report}"
        );
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
