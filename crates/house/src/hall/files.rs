//! The data folder of a deployment: its settings, its keys, files that wait, the snapshot; and the lock that
//! keeps a second writer out.
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use kernel::{Fault, FaultKind, Outcome};
use serde::{Deserialize, Serialize};

/// What `xinheng init` decided, kept as `xinheng.json` in the data folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `sqlite:…` (relative paths stand in the data folder) or `postgres://…`.
    pub database: String,
    /// Name of the policy pack.
    pub pack: String,
    /// `sm3-sm2` or `sha256-ed25519`.
    pub suite: String,
}

/// A data folder held by this process.
#[derive(Debug)]
pub struct DataFolder {
    root: PathBuf,
    settings: Settings,
    _lock: File,
}

const SETTINGS: &str = "xinheng.json";
const LOCK: &str = "lock";

fn io(what: &str, path: &Path, error: std::io::Error) -> Fault {
    Fault::internal(
        format!(
            "{what} {} 时出错：{}",
            path.display(),
            kernel::fault::in_words(&error)
        ),
        error,
    )
}

impl DataFolder {
    /// Takes a folder for a new deployment. An existing one is never overwritten. Nothing of the deployment counts until
    /// [`DataFolder::found`], so one that failed half-way can be tried again.
    pub fn create(root: &Path, settings: Settings) -> Outcome<Self> {
        fs::create_dir_all(root).map_err(|e| io("建立文件夹", root, e))?;
        let lock = take_lock(root)?;
        let path = root.join(SETTINGS);
        if path.exists() {
            let detail = format!(
                "{} 中已有信衡的数据。请换一个空文件夹，或直接使用它。",
                root.display()
            );
            return Err(Fault::new(FaultKind::Conflict, "hall.folder.taken", detail));
        }
        Ok(Self {
            root: root.to_path_buf(),
            settings,
            _lock: lock,
        })
    }

    /// Writes the settings: from now on this is a deployment.
    pub fn found(&self) -> Outcome<()> {
        let text =
            serde_json::to_string_pretty(&self.settings).map_err(|e| Fault::internal("设置无法写出", e))?;
        write_whole(&self.root.join(SETTINGS), text.as_bytes())
    }

    /// Opens a data folder for this process alone.
    pub fn open(root: &Path) -> Outcome<Self> {
        let path = root.join(SETTINGS);
        if !path.exists() {
            let detail = format!(
                "{} 不是信衡的数据文件夹。请先运行 xinheng init --data {0}。",
                root.display()
            );
            return Err(Fault::new(FaultKind::Invalid, "hall.folder.missing", detail));
        }
        let lock = take_lock(root)?;
        let text = fs::read_to_string(&path).map_err(|e| io("读取", &path, e))?;
        let settings = serde_json::from_str(&text).map_err(|e| {
            let detail = format!("{}：第 {} 行有误：{e}", path.display(), e.line());
            Fault::new(FaultKind::Invalid, "hall.folder.settings", detail)
        })?;
        Ok(Self {
            root: root.to_path_buf(),
            settings,
            _lock: lock,
        })
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The database to open, with a relative SQLite path made absolute.
    pub fn database_url(&self) -> String {
        match self.settings.database.strip_prefix("sqlite:") {
            Some(path) if Path::new(path).is_relative() => {
                format!("sqlite:{}", self.root.join(path).display())
            }
            _ => self.settings.database.clone(),
        }
    }

    /// A path inside the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A folder inside the folder, made when absent.
    pub fn room(&self, name: &str) -> Outcome<PathBuf> {
        let path = self.root.join(name);
        fs::create_dir_all(&path).map_err(|e| io("建立文件夹", &path, e))?;
        Ok(path)
    }

    /// Reads a file inside the folder.
    pub fn read(&self, name: &str) -> Outcome<Vec<u8>> {
        let path = self.root.join(name);
        read_file(&path)
    }

    /// Removes a file inside the folder; one that is gone already is no fault.
    pub fn remove(&self, name: &str) -> Outcome<()> {
        let path = self.root.join(name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(io("删除", &path, e)),
            _ => Ok(()),
        }
    }

    /// Writes a file inside the folder, whole or not at all.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Outcome<PathBuf> {
        let path = self.root.join(name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|e| io("建立文件夹", parent, e))?;
        }
        write_whole(&path, bytes)?;
        Ok(path)
    }
}

/// Reads any file, naming it when that fails.
pub fn read_file(path: &Path) -> Outcome<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|mut file| file.read_to_end(&mut bytes))
        .map_err(|e| {
            let detail = format!(
                "无法读取 {}：{}。请检查路径和权限。",
                path.display(),
                kernel::fault::in_words(&e)
            );
            Fault::new(FaultKind::Invalid, "hall.file.unreadable", detail)
        })?;
    Ok(bytes)
}

/// Writes beside, flushes to the disk, then renames: a reader sees the old file or the new one, never half.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Outcome<()> {
    let beside = beside(path);
    let written = File::create(&beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, path));
    written.map_err(|e| io("写入", path, e))
}

/// A name of its own for every writer, so that two who write the same file at once do not mix.
pub fn beside(path: &Path) -> PathBuf {
    static WRITERS: AtomicU64 = AtomicU64::new(0);
    let writer = WRITERS.fetch_add(1, Ordering::Relaxed);
    path.with_extension(format!("{}-{writer}.part", std::process::id()))
}

/// Writes a file only its owner may read (keys).
pub fn write_secret(path: &Path, bytes: &[u8]) -> Outcome<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .map_err(|e| io("写入", path, e))
}

fn take_lock(root: &Path) -> Outcome<File> {
    let path = root.join(LOCK);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(|e| io("打开", &path, e))?;
    match file.try_lock() {
        Ok(()) => {
            let _ = file.set_len(0);
            let _ = write!(file, "{}", std::process::id());
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            let detail = format!(
                "数据文件夹 {} 正被另一个信衡进程（进程号 {}）使用。请先停止它，或通过它的接口操作。",
                root.display(),
                if holder.is_empty() {
                    "未知"
                } else {
                    holder.trim()
                }
            );
            Err(Fault::new(FaultKind::Busy, "hall.folder.in-use", detail))
        }
        Err(TryLockError::Error(e)) => Err(io("锁定", &path, e)),
    }
}
