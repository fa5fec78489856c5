//! `xinheng model`: scorecards from past results, and the life of classification models.
mod life;
mod shown;

use clap::Subcommand;
use house::House;
use kernel::Outcome;

use super::scorecard::{judge, score, train};

/// What to do with models.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// 训练：从过往检查结果提出评分卡的分段和分值
    Train(train::Train),
    /// 评分：按评分卡给文件的每一行打分，输出 CSV
    Score(score::Score),
    /// 评判：有检查结果的文件，看评分排的次序好不好
    Judge(judge::Judge),
    #[command(flatten)]
    Life(life::Life),
}

/// Does it. Scorecards need no deployment: `open` is called for the others only.
pub fn run(open: impl FnOnce() -> Outcome<House>, what: ModelCommand) -> Outcome<()> {
    match what {
        ModelCommand::Train(asked) => train::run(&asked),
        ModelCommand::Score(asked) => score::run(&asked),
        ModelCommand::Judge(asked) => judge::run(&asked),
        ModelCommand::Life(what) => life::run(&open()?, what),
    }
}
