//! A snapshot of `lake` as tables: where its files lie, and their numbers read under the symbols of a pack.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::functions_aggregate::expr_fn::last_value;
use datafusion::logical_expr::{Expr, case, ident, in_list, lit};
use datafusion::prelude::SessionContext;
use lake::{LakeFault, MANIFEST, Manifest, SegmentEntry, Snapshot, SymbolTable};
use object_store::ObjectStoreExt as _;
use policy::Symbols;

use crate::fault::{Cluster, ClusterFault};

/// Columns whose numbers belong to the symbols of a file.
const CODES: [&str; 3] = ["kind", "status", "code"];
const AREAS: [&str; 2] = ["industry", "division"];

/// A snapshot on local disk or in a bucket. While it is held, a snapshot on local disk is not tidied away.
pub struct Lake {
    base: url::Url,
    manifest: Manifest,
    /// Keeps a writer on this machine from removing files that were replaced meanwhile.
    _held: Option<Snapshot>,
}

impl Lake {
    /// Opens a folder, or `s3://bucket/path`. The same place must be reachable from every process of the cluster.
    pub async fn open(context: &SessionContext, place: &str) -> Cluster<Self> {
        if !place.contains("://") {
            let folder = whole(Path::new(place))?;
            let held = Snapshot::open(&folder)?;
            let base =
                url::Url::from_directory_path(&folder).map_err(|()| ClusterFault::Place(place.into()))?;
            let manifest = held.manifest().clone();
            return Ok(Self {
                base,
                manifest,
                _held: Some(held),
            });
        }
        if !place.starts_with("s3://") {
            return Err(ClusterFault::Place(place.into()));
        }
        let base = url::Url::parse(&format!("{}/", place.trim_end_matches('/')))
            .map_err(|_| ClusterFault::Place(place.into()))?;
        let text = read(context, &base).await?;
        let manifest = Manifest::parse(&text, Path::new(&format!("{base}{MANIFEST}")))?;
        Ok(Self {
            base,
            manifest,
            _held: None,
        })
    }

    /// The table of contents.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Hash of the pack under which the attributes of entities were last numbered. Where it is not the models' pack, write
    /// the entities again: an industry or division is kept only as finely as its pack asked.
    pub fn entities_pack(&self, up_to: i64) -> Cluster<&str> {
        let last = self.manifest.entities_at(up_to)?.last();
        let table = last.and_then(|last| self.manifest.symbol_tables.get(last.symbols));
        let table = table.ok_or(LakeFault::Argument("清单引用了不存在的符号表"))?;
        Ok(&table.pack_hash)
    }

    /// How many entities stand at a position; `None` where only reading them tells.
    pub(crate) fn entity_count(&self, up_to: i64) -> Cluster<Option<u64>> {
        Ok(match self.manifest.entities_at(up_to)? {
            [whole] => Some(whole.seal.rows),
            _ => None,
        })
    }

    /// The position a question asks for, refused beyond the end of the snapshot.
    pub(crate) fn up_to(&self, wanted: Option<i64>) -> Cluster<i64> {
        let held = self.manifest.position;
        match wanted {
            Some(wanted) if wanted > held => Err(LakeFault::BeyondSnapshot { held, wanted }.into()),
            Some(wanted) => Ok(wanted),
            None => Ok(held),
        }
    }

    /// All records up to a position under the symbols of a pack; `None` when there is no segment.
    pub(crate) async fn records(
        &self,
        context: &SessionContext,
        symbols: &Symbols,
        up_to: i64,
    ) -> Cluster<Option<DataFrame>> {
        let wanted: Vec<&SegmentEntry> = self
            .manifest
            .segments
            .iter()
            .filter(|segment| segment.first_position <= up_to)
            .collect();
        let cut = wanted.iter().any(|segment| segment.last_position > up_to);
        let mut tables: Vec<usize> = wanted.iter().map(|segment| segment.symbols).collect();
        tables.sort_unstable();
        tables.dedup();
        let mut all: Option<DataFrame> = None;
        for number in tables {
            let files = wanted.iter().filter(|segment| segment.symbols == number);
            let files: Vec<&str> = files.map(|segment| segment.file.as_str()).collect();
            let frame = self.table(context, &files, record_fields())?;
            let frame = self.translated(frame, number, symbols)?;
            all = Some(match all {
                Some(before) => before.union(frame)?,
                None => frame,
            });
        }
        match all {
            Some(all) if cut => Ok(Some(all.filter(ident("position").lt_eq(lit(up_to)))?)),
            all => Ok(all),
        }
    }

    /// The entities as they stood at a position, under the symbols of a pack: each as the newest file tells it.
    pub(crate) async fn entities(
        &self,
        context: &SessionContext,
        symbols: &Symbols,
        up_to: i64,
    ) -> Cluster<DataFrame> {
        let layers = self.manifest.entities_at(up_to)?;
        let mut all: Option<DataFrame> = None;
        for (number, entry) in (0_i32..).zip(layers) {
            let frame = self.table(context, &[entry.file.as_str()], entity_fields())?;
            let mut frame = self.translated(frame, entry.symbols, symbols)?;
            // What a later file says is no more does not count from here.
            let later = layers
                .iter()
                .skip(usize::try_from(number).unwrap_or(usize::MAX))
                .skip(1);
            let gone: Vec<Expr> = later.flat_map(|later| &later.gone).copied().map(lit).collect();
            if !gone.is_empty() {
                frame = frame.filter(in_list(ident("entity"), gone, true))?;
            }
            frame = frame.with_column("layer", lit(number))?;
            all = Some(match all {
                Some(before) => before.union(frame)?,
                None => frame,
            });
        }
        let all = all.ok_or(LakeFault::NoEntities { wanted: up_to })?;
        Ok(if layers.len() > 1 {
            newest(all)?
        } else {
            all.drop_columns(&["layer"])?
        })
    }

    fn table(&self, context: &SessionContext, files: &[&str], fields: Vec<Field>) -> Cluster<DataFrame> {
        let urls = files
            .iter()
            .map(|file| ListingTableUrl::parse(format!("{}{file}", self.base)));
        let urls = urls.collect::<Result<Vec<_>, _>>()?;
        let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension(".parquet");
        let config = ListingTableConfig::new_with_multi_paths(urls)
            .with_listing_options(options)
            .with_schema(Arc::new(Schema::new(fields)));
        Ok(context.read_table(Arc::new(ListingTable::try_new(config)?))?)
    }

    /// The columns of a file under the symbols of a pack, as `lake` translates them.
    fn translated(&self, frame: DataFrame, table: usize, symbols: &Symbols) -> Cluster<DataFrame> {
        let table = self.manifest.symbol_tables.get(table);
        let table = table.ok_or(LakeFault::Argument("清单引用了不存在的符号表"))?;
        let columns = frame.schema().fields().iter().map(|field| field.name().clone());
        let columns = columns
            .map(|column| translated(&column, table, symbols))
            .collect::<Cluster<Vec<Expr>>>()?;
        Ok(frame.select(columns)?)
    }
}

/// Of several rows of an entity the one of the latest layer.
fn newest(layers: DataFrame) -> Cluster<DataFrame> {
    let columns = entity_fields();
    let told = columns.iter().map(Field::name).filter(|name| *name != "entity");
    let latest = told.map(|name| last_value(ident(name), vec![ident("layer").sort(true, false)]).alias(name));
    Ok(layers.aggregate(vec![ident("entity")], latest.collect())?)
}

fn translated(column: &str, table: &SymbolTable, symbols: &Symbols) -> Cluster<Expr> {
    let expression = if column == "item" {
        renumbered(column, &table.items, |text| symbols.item(text), 0)?
    } else if CODES.contains(&column) {
        renumbered(column, &table.codes, |text| symbols.code(text), 0)?
    } else if AREAS.contains(&column) {
        renumbered(column, &table.codes, |text| symbols.nearest(text), 0)?
    } else {
        ident(column)
    };
    Ok(expression.alias(column))
}

/// A column of numbers of a file as numbers of the pack; what the pack does not know is `unknown`.
fn renumbered<N>(column: &str, texts: &[String], number: impl Fn(&str) -> N, unknown: N) -> Cluster<Expr>
where
    N: TryFrom<usize> + PartialEq + Copy + datafusion::logical_expr::Literal,
{
    let mut pairs = Vec::new();
    let mut same = true;
    for (old, text) in texts.iter().enumerate() {
        let old = N::try_from(old).map_err(|_| LakeFault::Argument("符号表过大"))?;
        let new = number(text);
        same &= old == new;
        if new != unknown {
            pairs.push((old, new));
        }
    }
    let mut pairs = pairs.into_iter();
    if same {
        return Ok(ident(column));
    }
    let Some((old, new)) = pairs.next() else {
        return Ok(lit(unknown));
    };
    let mut cases = case(ident(column)).when(lit(old), lit(new));
    for (old, new) in pairs {
        cases = cases.when(lit(old), lit(new));
    }
    Ok(cases.otherwise(lit(unknown))?)
}

async fn read(context: &SessionContext, base: &url::Url) -> Cluster<Vec<u8>> {
    let place = ListingTableUrl::parse(format!("{base}{MANIFEST}"))?;
    let refused = |source| ClusterFault::Storage {
        place: place.to_string(),
        source,
    };
    let store = context.runtime_env().object_store(&place)?;
    let got = store.get(place.prefix()).await.map_err(refused)?;
    Ok(got.bytes().await.map_err(refused)?.to_vec())
}

/// A path made absolute: the other processes have other working folders.
fn whole(path: &Path) -> Cluster<PathBuf> {
    std::path::absolute(path).map_err(|e| ClusterFault::Place(format!("{}：{e}", path.display())))
}

fn fields(columns: &[(&str, DataType)]) -> Vec<Field> {
    columns
        .iter()
        .map(|(name, kind)| Field::new(*name, kind.clone(), false))
        .collect()
}

/// Layout of segments, as `lake` writes them.
fn record_fields() -> Vec<Field> {
    fields(&[
        ("entity", DataType::Int64),
        ("position", DataType::Int64),
        ("names", DataType::Int64),
        ("relation", DataType::UInt8),
        ("item", DataType::UInt16),
        ("on", DataType::Int32),
        ("ends_on", DataType::Int32),
        ("amount_fen", DataType::Int64),
        ("level", DataType::Int32),
        ("code", DataType::UInt32),
    ])
}

/// Layout of files of entities.
fn entity_fields() -> Vec<Field> {
    let mut all = fields(&[("entity", DataType::Int64)]);
    all.push(Field::new("established_on", DataType::Int32, true));
    all.push(Field::new("capital_fen", DataType::Int64, true));
    all.extend(fields(&[
        ("kind", DataType::UInt32),
        ("status", DataType::UInt32),
        ("industry", DataType::UInt32),
        ("division", DataType::UInt32),
    ]));
    all
}
