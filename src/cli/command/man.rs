//! `man`: the manual page, with a section for each command; the only place that knows its crate.

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Command;
use clap_mangen::Man;

use crate::cli::environment::Cli;
use crate::cli::exit::printed;

pub(super) fn run(program: Command, cli: &mut Cli<'_>) -> ExitCode {
    let stdout = &mut cli.streams.stdout;
    let written = page(program).and_then(|page| stdout.write_all(&page));
    printed(written.and_then(|()| stdout.flush()))
}

fn page(mut command: Command) -> io::Result<Vec<u8>> {
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
