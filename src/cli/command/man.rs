//! `man`: the manual page, with a section for each command; the only place that knows its crate.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::cli::args::Args;
use crate::cli::streams::Streams;

/// Prints the manual page.
pub(crate) fn run(mut streams: Streams) -> ExitCode {
    let printed = page().and_then(|page| streams.stdout.write_all(&page));
    super::printed(printed.and_then(|()| streams.stdout.flush()))
}

/// The page of the program, then what each command may be told.
fn page() -> io::Result<Vec<u8>> {
    let mut command = Args::command();
    command.build();
    let mut page = Vec::new();
    let whole = Man::new(command.clone());
    whole.render_title(&mut page)?;
    whole.render_name_section(&mut page)?;
    whole.render_synopsis_section(&mut page)?;
    whole.render_description_section(&mut page)?;
    whole.render_options_section(&mut page)?;
    for one in command.get_subcommands().filter(|one| !is_help(one)) {
        writeln!(page, ".SH \"COMMAND {}\"", one.get_name().to_uppercase())?;
        let own = Man::new(one.clone());
        own.render_synopsis_section(&mut page)?;
        own.render_description_section(&mut page)?;
        own.render_options_section(&mut page)?;
    }
    whole.render_extra_section(&mut page)?;
    whole.render_version_section(&mut page)?;
    Ok(page)
}

fn is_help(command: &Command) -> bool {
    command.get_name() == "help"
}
