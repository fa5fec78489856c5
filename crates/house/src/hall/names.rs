//! The index of names in the data folder: opened with the house, filled and asked by the register.
use std::sync::Arc;

use finder::{Finder, FinderFault};
use kernel::{Fault, Outcome};

use super::files::DataFolder;

/// Its folder in the data folder.
const FOLDER: &str = "names";

/// Opens the index of names; one that is not there or cannot be used begins empty and is built again from the register.
pub fn open(folder: &DataFolder) -> Outcome<Arc<Finder>> {
    Finder::open(&folder.path(FOLDER)).map(Arc::new).map_err(fault)
}

/// Why the index could not be read or written, for the log and the person in charge.
pub fn fault(error: FinderFault) -> Fault {
    let detail = format!(
        "名称索引无法读写：{error}。请检查数据文件夹中 {FOLDER} 的权限和磁盘空间；删除它后会自动重建。"
    );
    Fault::internal(detail, error)
}
