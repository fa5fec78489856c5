//! `xinheng model`: the life of classification models.
mod life;
mod shown;

use clap::Subcommand;
use house::House;
use kernel::Outcome;

/// What to do with models.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    #[command(flatten)]
    Life(life::Life),
}

/// Does it.
pub fn run(house: &House, what: ModelCommand) -> Outcome<()> {
    match what {
        ModelCommand::Life(what) => life::run(house, what),
    }
}
