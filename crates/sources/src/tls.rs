//! Encrypted links: asked for in the address, in the words that PostgreSQL's own programs use, for both kinds of server.
use std::error::Error;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::{ClientConfig, RootCertStore};

/// How a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Link {
    /// Unencrypted.
    Plain,
    /// Encrypted; the server's certificate is checked against the roots in this file, and its name against the address. The
    /// driver of MySQL believes the public authorities besides.
    Verified(PathBuf),
}

/// Takes the words about encryption out of an address: the drivers know other ones, or none.
pub fn parted(url: &str) -> Result<(String, Link), String> {
    let Some((base, query)) = url.split_once('?') else {
        return Ok((url.to_owned(), Link::Plain));
    };
    let (mut mode, mut roots, mut others) = (None, None, Vec::new());
    for word in query.split('&') {
        match word.split_once('=') {
            Some(("sslmode", value)) => mode = Some(value),
            Some(("sslrootcert", value)) => roots = Some(PathBuf::from(value)),
            _ => others.push(word),
        }
    }
    let rest = if others.is_empty() {
        base.to_owned()
    } else {
        format!("{base}?{}", others.join("&"))
    };
    match (mode, roots) {
        (None | Some("disable"), None) => Ok((rest, Link::Plain)),
        (Some("verify-full"), Some(roots)) => Ok((rest, Link::Verified(roots))),
        (Some("verify-full"), None) => {
            Err("sslmode=verify-full 还须用 sslrootcert=文件 给出签发证书的根证书（PEM）".to_owned())
        }
        (None | Some("disable"), Some(_)) => {
            Err("给出了 sslrootcert，却没有 sslmode=verify-full，连接不会加密".to_owned())
        }
        (Some(other), _) => Err(format!(
            "sslmode={other} 不受支持：只有 disable（不加密）和 verify-full（加密，并核对证书和主机名）"
        )),
    }
}

/// What a client needs to check servers against the roots in a file.
pub fn config(roots: &Path) -> Result<ClientConfig, String> {
    let wrong = |why: &str| format!("根证书文件 {} 无法使用：{why}", roots.display());
    let unread = |error: pem::Error| match error {
        pem::Error::Io(io) if io.kind() == ErrorKind::NotFound => wrong("文件不存在"),
        pem::Error::Io(io) if io.kind() == ErrorKind::PermissionDenied => wrong("没有权限读取"),
        other => wrong(&format!("不是 PEM 格式的证书（{other}）")),
    };
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(roots).map_err(unread)? {
        let added = store.add(certificate.map_err(unread)?);
        added.map_err(|error| wrong(&format!("其中的证书有误（{error}）")))?;
    }
    if store.is_empty() {
        return Err(wrong("其中没有证书"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = versions.map_err(|error| format!("加密连接无法建立：{error}"))?;
    Ok(config.with_root_certificates(store).with_no_client_auth())
}

/// What is wrong with a link's encryption, when that is what failed.
pub fn said(error: &(dyn Error + 'static)) -> Option<String> {
    let mut at = Some(error);
    while let Some(one) = at {
        let within = one
            .downcast_ref::<std::io::Error>()
            .and_then(std::io::Error::get_ref);
        let found = one
            .downcast_ref::<rustls::Error>()
            .or_else(|| within?.downcast_ref::<rustls::Error>());
        if let Some(found) = found {
            return Some(match found {
                rustls::Error::InvalidCertificate(why) => format!(
                    "服务器证书未通过核对（{why:?}）：请核对 sslrootcert 所指的根证书，以及地址中的主机名是否与证书一致"
                ),
                other => format!("加密连接无法建立：{other}"),
            });
        }
        at = one.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_about_encryption_are_taken_out_of_an_address() {
        let verified = |file: &str| Link::Verified(file.into());
        for (url, rest, link) in [
            ("mysql://a@b/c", "mysql://a@b/c", Link::Plain),
            ("mysql://a@b/c?sslmode=disable", "mysql://a@b/c", Link::Plain),
            (
                "postgres://a@b/c?sslmode=verify-full&sslrootcert=/etc/根.pem",
                "postgres://a@b/c",
                verified("/etc/根.pem"),
            ),
            (
                "postgres://a@b/c?x=1&sslrootcert=r.pem&sslmode=verify-full&y=2",
                "postgres://a@b/c?x=1&y=2",
                verified("r.pem"),
            ),
        ] {
            assert_eq!(parted(url), Ok((rest.to_owned(), link)), "{url}");
        }
        for (url, said) in [
            ("postgres://a@b/c?sslmode=require", "verify-full"),
            ("postgres://a@b/c?sslmode=verify-full", "sslrootcert"),
            ("mysql://a@b/c?sslrootcert=r.pem", "不会加密"),
        ] {
            assert!(parted(url).unwrap_err().contains(said), "{url}");
        }
    }

    #[test]
    fn a_file_without_roots_is_told_before_anybody_connects() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(config(file.path()).unwrap_err().contains("没有证书"));
        let missing = config(Path::new("/没有.pem")).unwrap_err();
        assert_eq!(missing, "根证书文件 /没有.pem 无法使用：文件不存在");
    }
}
