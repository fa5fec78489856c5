//! The program: command line, server and worker over one house.

mod carrier;
mod cli;
mod full_run;
mod packs;
mod puller;
mod rim;
mod say;
mod serve;
mod worker;

use std::process::ExitCode;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = cli::Arguments::parse();
    rim::start_log(arguments.log_json);
    match cli::run(arguments) {
        Ok(code) => code,
        Err(fault) => {
            say::fault(&fault);
            ExitCode::FAILURE
        }
    }
}
