//! A progress bar for a copy.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use remote_transfer::{Event, Observer};

/// Often enough to look alive, seldom enough to cost nothing.
const REDRAW_EVERY: Duration = Duration::from_millis(100);

/// Shows how much of what was found so far is done.
#[derive(Debug)]
pub struct Bar(ProgressBar);

impl Bar {
    /// A bar on standard error; nothing is drawn where nobody watches.
    #[must_use]
    pub fn new(what: &'static str, interactive: bool) -> Self {
        let target = if interactive {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(0), target);
        let style = ProgressStyle::with_template(
            "{msg:>8} {bar:30} {bytes:>10} of {total_bytes:<10} {bytes_per_sec:>12}  {elapsed}",
        );
        if let Ok(style) = style {
            bar.set_style(style);
        }
        bar.set_message(what);
        bar.enable_steady_tick(REDRAW_EVERY);
        Self(bar)
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.0.finish_and_clear();
    }
}

impl Observer for Bar {
    fn event(&self, event: &Event) {
        match event {
            Event::FileFound { size, .. } => self.0.inc_length(size.unwrap_or(0)),
            Event::Moved { bytes, .. } => self.0.inc(*bytes),
            Event::Restarted { bytes, .. } => self.0.dec(*bytes),
            Event::FileFinished { size, outcome, .. }
                if *outcome != remote_transfer::FileOutcome::Transferred =>
            {
                self.0.inc(size.unwrap_or(0));
            }
            _ => {}
        }
    }
}
