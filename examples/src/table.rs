//! The final table: what was done, in numbers.

use std::fmt;

use remote_transfer::Summary;

/// Rows of one copy each.
#[derive(Debug, Default)]
pub struct Table(Vec<[String; COLUMNS]>);

const COLUMNS: usize = 9;

const HEAD: [&str; COLUMNS] = [
    "", "files", "bytes", "requests", "verified", "skipped", "folders", "problems", "seconds",
];

impl Table {
    /// Adds a copy: files and bytes that were transferred, files whose hash was compared, files that were skipped because nothing had changed.
    pub fn add(&mut self, what: &str, summary: &Summary) {
        self.0.push([
            what.to_owned(),
            summary.files_transferred.to_string(),
            summary.bytes_transferred.to_string(),
            summary.requests.to_string(),
            summary.files_verified.to_string(),
            summary.files_unchanged.to_string(),
            summary.directories_created.to_string(),
            summary.problem_count.to_string(),
            format!("{:.2}", summary.elapsed.as_secs_f64()),
        ]);
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = HEAD.map(str::to_owned);
        let width = |column: usize| {
            self.0
                .iter()
                .chain([&head])
                .map(|row| row[column].len())
                .max()
                .unwrap_or(0)
        };
        for row in [&head].into_iter().chain(&self.0) {
            let (name, numbers) = (&row[0], &row[1..]);
            write!(f, "{name:<width$}", width = width(0))?;
            for (index, number) in numbers.iter().enumerate() {
                write!(f, "  {number:>width$}", width = width(index + 1))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let mut summary = Summary::default();
        summary.files_transferred = 12_345;
        let mut table = Table::default();
        table.add("backup", &summary);
        let text = table.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[0].find("files").map(|at| at + 5),
            lines[1].find("12345").map(|at| at + 5)
        );
        assert_eq!(lines[0].len(), lines[1].len());
    }
}
