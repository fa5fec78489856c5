//! Values in PostgreSQL's binary format. A value enters only a column of its own kind, as strictly as `STRICT` tables.

use std::error::Error;

use bytes::BytesMut;
use kernel::{Day, Instant};
use postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use crate::load::Cell;
use crate::value::Value;

type Boxed = Box<dyn Error + Sync + Send>;

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        match (self, kind) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Bool(flag), &Type::BOOL) => flag.to_sql(kind, out),
            (Self::Int(number), &Type::INT8) => number.to_sql(kind, out),
            (Self::Int(number), &Type::INT4) => i32::try_from(*number)?.to_sql(kind, out),
            (Self::Int(number), &Type::INT2) => i16::try_from(*number)?.to_sql(kind, out),
            (Self::Text(text), &(Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN)) => {
                text.to_sql(kind, out)
            }
            (Self::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(kind, out),
            (Self::Date(day), &Type::DATE) => day.to_sql(kind, out),
            (Self::Time(at), &Type::TIMESTAMPTZ) => at.to_sql(kind, out),
            (Self::Json(json), &(Type::JSONB | Type::JSON)) => json.to_sql(kind, out),
            _ => Err(format!("a {} does not enter {kind}", self.kind()).into()),
        }
    }

    /// Every type is taken here, so that the refusal can name both kinds.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl ToSql for Cell<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Boxed> {
        match (self, kind) {
            (Self::Null, _) => Ok(IsNull::Yes),
            (Self::Bool(flag), &Type::BOOL) => flag.to_sql(kind, out),
            (Self::Int(number), &Type::INT8) => number.to_sql(kind, out),
            (Self::Int(number), &Type::INT4) => i32::try_from(*number)?.to_sql(kind, out),
            (Self::Int(number), &Type::INT2) => i16::try_from(*number)?.to_sql(kind, out),
            (Self::Text(text), &(Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN)) => {
                text.to_sql(kind, out)
            }
            (Self::Bytes(bytes), &Type::BYTEA) => bytes.to_sql(kind, out),
            (Self::Date(day), &Type::DATE) => day.to_sql(kind, out),
            (Self::Time(at), &Type::TIMESTAMPTZ) => at.to_sql(kind, out),
            (Self::Json(text), &Type::JSON) => text.to_sql(&Type::TEXT, out),
            (Self::Json(text), &Type::JSONB) => {
                // The version of the format, then the text.
                out.extend_from_slice(&[1]);
                out.extend_from_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            _ => Err(format!("a {} does not enter {kind}", self.kind()).into()),
        }
    }

    /// Every type is taken here, so that the refusal can name both kinds.
    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(kind: &Type, raw: &'a [u8]) -> Result<Self, Boxed> {
        Ok(match *kind {
            Type::BOOL => Self::Bool(bool::from_sql(kind, raw)?),
            Type::INT8 => Self::Int(i64::from_sql(kind, raw)?),
            Type::INT4 => Self::Int(i32::from_sql(kind, raw)?.into()),
            Type::INT2 => Self::Int(i16::from_sql(kind, raw)?.into()),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::UNKNOWN => {
                Self::Text(String::from_sql(kind, raw)?)
            }
            Type::BYTEA => Self::Bytes(raw.to_vec()),
            Type::DATE => Self::Date(Day::from_sql(kind, raw)?),
            Type::TIMESTAMPTZ => Self::Time(Instant::from_sql(kind, raw)?),
            Type::JSONB | Type::JSON => Self::Json(serde_json::Value::from_sql(kind, raw)?),
            // `SELECT pg_advisory_xact_lock(…)` answers nothing.
            Type::VOID => Self::Null,
            _ => {
                return Err(
                    format!("{kind} is not in the common set; sums need CAST(sum(x) AS BIGINT)").into(),
                );
            }
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Boxed> {
        Ok(Self::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}
