//! Matrices of every change against everything that goes wrong with its answer.

use std::fmt::Debug;

use futures::{StreamExt as _, stream};
use remote_core::error::{Effect, Error, Result, report};

/// How many cells are tried at once.
const AT_ONCE: usize = 16;

/// What came of a cell, and what is wrong about it.
#[derive(Debug)]
pub struct Cell {
    text: String,
    wrong: Vec<String>,
}

impl Cell {
    /// Of a call that has to succeed whatever happens to one of its requests.
    #[must_use]
    pub fn once<T>(result: &Result<T>, requests: u64) -> Self {
        match result {
            Ok(_) => Self {
                text: format!("ok/{requests}"),
                wrong: Vec::new(),
            },
            Err(error) => Self {
                text: effect(error),
                wrong: vec![format!("{}: {}", effect(error), report(error))],
            },
        }
    }

    /// Of a call among failures that last: a success has made the change, and what an error says of its effect is true.
    #[must_use]
    pub fn lasting<T>(result: &Result<T>, was_made: bool, is_untouched: bool) -> Self {
        let (text, is_true) = match result {
            Ok(_) => ("ok".to_owned(), was_made),
            Err(error) => {
                let is_true = match error.effect() {
                    Effect::Made => was_made,
                    Effect::NotMade => is_untouched,
                    _ => true,
                };
                (effect(error), is_true)
            }
        };
        let why = result.as_ref().err().map(|error| report(error).to_string());
        let mut cell = Self {
            text,
            wrong: Vec::new(),
        };
        cell.check(is_true, || {
            format!(
                "made is {was_made}, untouched is {is_untouched}: {}",
                why.unwrap_or_default()
            )
        });
        cell
    }

    /// Notes what is wrong unless it is right.
    pub fn check(&mut self, is_right: bool, wrong: impl FnOnce() -> String) {
        if !is_right {
            self.wrong.push(wrong());
        }
    }
}

fn effect(error: &Error) -> String {
    format!("{:?}", error.effect())
}

/// Tries every row with every column and prints what came of it.
///
/// # Panics
///
/// If anything is wrong about a cell, with all that is.
#[expect(clippy::print_stdout, reason = "the table is for people")]
pub async fn try_all<R, C, F>(rows: &[R], columns: &[C], cell: impl Fn(R, C) -> F + Send + Sync)
where
    R: Copy + Debug + Sync,
    C: Copy + Debug + Sync,
    F: Future<Output = Cell> + Send,
{
    let cells = rows
        .iter()
        .flat_map(|row| columns.iter().map(|column| cell(*row, *column)));
    let cells: Vec<Cell> = stream::iter(cells).buffered(AT_ONCE).collect().await;
    let name = |name: &dyn Debug| format!("{name:?}");
    let columns: Vec<String> = columns.iter().map(|column| name(column)).collect();
    let mut table = line("", columns.iter().map(String::as_str));
    let mut wrong = String::new();
    for (row, cells) in rows.iter().zip(cells.chunks(columns.len())) {
        let row = name(row);
        table += &line(&row, cells.iter().map(|cell| cell.text.as_str()));
        for (column, cell) in columns.iter().zip(cells) {
            for text in &cell.wrong {
                wrong += &format!("{row} × {column}: {text}\n");
            }
        }
    }
    println!("{table}");
    assert!(wrong.is_empty(), "\n{wrong}");
}

fn line<'a>(row: &str, cells: impl Iterator<Item = &'a str>) -> String {
    let cells = cells.map(|cell| format!("| {cell:21}"));
    format!("{row:36}{}\n", cells.collect::<String>())
}
