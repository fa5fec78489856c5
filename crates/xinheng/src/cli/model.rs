//! `xinheng model`: models and their life; what is asked for, and who does it.
use clap::Subcommand;
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
}

/// Does it.
pub fn run(what: ModelCommand) -> Outcome<()> {
    match what {
        ModelCommand::Train(asked) => train::run(&asked),
        ModelCommand::Score(asked) => score::run(&asked),
        ModelCommand::Judge(asked) => judge::run(&asked),
    }
}
