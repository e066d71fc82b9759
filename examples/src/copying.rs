//! One copy with a progress bar, its row in the table, and its problems.

use std::{io::Write as _, sync::Arc};

use clap::Args;
use remote_core::path::RemotePath;
use remote_transfer::{
    Cancel, DEFAULT_CHECKERS, DEFAULT_TRANSFERS, Filter, Location, Summary, TransferOptions, copy,
};

use crate::{bar::Bar, console::Console, failure::Failure, program::Result, table::Table};

/// Exit code of a copy that left something out.
pub const PROBLEMS: u8 = 3;

/// How many problems are told one by one.
const TOLD_PROBLEMS: usize = 20;

/// What the programs that copy have in common on their command lines.
#[derive(Args, Clone, Debug)]
pub struct CopyArguments {
    /// How many files are transferred at the same time
    #[arg(long, value_name = "N", default_value_t = DEFAULT_TRANSFERS)]
    pub transfers: usize,
    /// How many files are compared at the same time
    #[arg(long, value_name = "N", default_value_t = DEFAULT_CHECKERS)]
    pub checkers: usize,
    /// Leave out files and folders of this name; may be repeated
    #[arg(long, value_name = "NAME")]
    pub exclude: Vec<String>,
    /// Print what the libraries log
    #[arg(short, long)]
    pub verbose: bool,
}

impl CopyArguments {
    fn options(&self, bar: &Arc<Bar>, cancel: &Cancel) -> TransferOptions {
        TransferOptions::default()
            .with_transfers(self.transfers)
            .with_checkers(self.checkers)
            .with_filter(Arc::new(self.filter()))
            .with_observer(Arc::clone(bar) as _)
            .with_cancel(cancel.clone())
    }

    /// What is left out.
    #[must_use]
    pub fn filter(&self) -> ExcludedNames {
        ExcludedNames(
            self.exclude
                .iter()
                .map(|name| name.as_bytes().to_vec())
                .collect(),
        )
    }
}

/// Names that are left out wherever they stand.
#[derive(Clone, Debug)]
pub struct ExcludedNames(Vec<Vec<u8>>);

impl Filter for ExcludedNames {
    fn includes(&self, path: &RemotePath) -> bool {
        path.name()
            .is_none_or(|name| self.0.iter().all(|excluded| excluded != name))
    }
}

/// Copies a tree, tells its problems, and adds it to the table.
///
/// # Errors
///
/// What ended the copy; the table has what was done until then.
pub async fn run(
    what: &'static str,
    (from, to): (&Location, &Location),
    arguments: &CopyArguments,
    (console, table, cancel): (&mut Console, &mut Table, &Cancel),
) -> Result<Summary> {
    let bar = Arc::new(Bar::new(what, console.interactive));
    let copied = copy(from, to, &arguments.options(&bar, cancel)).await;
    bar.finish();
    match copied {
        Ok(summary) => {
            table.add(what, &summary);
            tell_problems(&summary, console);
            Ok(summary)
        }
        Err(stopped) => {
            let (error, summary) = stopped.into_parts();
            table.add(what, &summary);
            tell_problems(&summary, console);
            Err(error.into())
        }
    }
}

fn tell_problems(summary: &Summary, console: &mut Console) {
    for problem in summary.problems.iter().take(TOLD_PROBLEMS) {
        console.tell(format_args!("{problem}"));
    }
    let untold = summary.problem_count.saturating_sub(TOLD_PROBLEMS as u64);
    if untold > 0 {
        console.tell(format_args!("and {untold} more"));
    }
}

/// Prints the table, and fails if something was left out or the copy ended early.
///
/// # Errors
///
/// With the exit code [`PROBLEMS`], or that of the failure.
pub fn finish(table: &Table, copied: Result<()>, problems: u64, console: &mut Console) -> Result {
    write!(console.out, "{table}")?;
    copied?;
    check(problems)
}

/// Fails if something was left out.
///
/// # Errors
///
/// With the exit code [`PROBLEMS`].
pub fn check(problems: u64) -> Result {
    if problems == 0 {
        return Ok(());
    }
    let text = format!("{problems} files or folders could not be copied, the others were");
    Err(Failure::message(text).with_code(PROBLEMS))
}
