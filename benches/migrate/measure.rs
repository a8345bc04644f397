//! One measurement: start a process, wait for its end, know how long it took and how much memory it had.

use std::error::Error;
use std::fs;
use std::io::Read as _;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Times of one contestant.
#[derive(Debug, Clone, Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    pub(crate) fn push(&mut self, time: Duration) {
        self.0.push(time);
        self.0.sort_unstable();
    }

    /// In milliseconds.
    pub(crate) fn median(&self) -> f64 {
        let middle = self.0.get(self.0.len() / 2);
        milliseconds(middle.copied().unwrap_or_default())
    }

    /// The shortest and the longest, in milliseconds.
    pub(crate) fn range(&self) -> (f64, f64) {
        let of = |time: Option<&Duration>| milliseconds(time.copied().unwrap_or_default());
        (of(self.0.first()), of(self.0.last()))
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Runs it to its end.
///
/// # Errors
/// It could not be started, ended with another code than 0, or said nothing.
pub(crate) fn time(mut command: Command) -> Result<Duration, Box<dyn Error + Send + Sync>> {
    let start = Instant::now();
    let output = command.stdin(Stdio::null()).output()?;
    let elapsed = start.elapsed();
    if !output.status.success() || output.stdout.is_empty() {
        let said = String::from_utf8_lossy(&output.stderr);
        let (status, bytes) = (output.status, output.stdout.len());
        return Err(format!("{command:?}: {status}, {bytes} bytes of output\n{said}").into());
    }
    Ok(elapsed)
}

/// The peak of its resident memory in bytes.
///
/// Asks the kernel every millisecond, because the figure is gone with the process; so this is not for measuring time.
///
/// # Errors
/// As [`time`].
pub(crate) fn peak_memory(mut command: Command) -> Result<u64, Box<dyn Error + Send + Sync>> {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let status_file = format!("/proc/{}/status", child.id());
    let pipe = child.stdout.take();
    let reader = thread::spawn(move || {
        let mut bytes = Vec::new();
        pipe.map(|mut pipe| pipe.read_to_end(&mut bytes))
            .transpose()
    });
    let mut peak = 0;
    let status = loop {
        // No such line, or no such file, once it has ended.
        let text = fs::read_to_string(&status_file).unwrap_or_default();
        peak = peak.max(high_water_kib(&text).unwrap_or(0));
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(Duration::from_millis(1));
    };
    if let Ok(read) = reader.join() {
        read?;
    }
    if !status.success() {
        return Err(format!("{command:?}: {status}").into());
    }
    Ok(peak * 1024)
}

fn high_water_kib(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
