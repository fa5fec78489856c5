//! What a route says of itself, and the OpenAPI 3.1 document made of it.
use kernel::page::Cursor;
use kernel::{Fault, FaultKind, Outcome};
use utoipa::openapi::path::{HttpMethod, Operation, OperationBuilder, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    ComponentsBuilder, Content, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required, ResponseBuilder,
    Schema,
};
use utoipa::{PartialSchema, ToSchema};

use super::{may, problem::ProblemView, router::Entry};

type Schemas = Vec<(String, RefOr<Schema>)>;

/// The description of one route.
pub struct Doc {
    summary: &'static str,
    query: Vec<(&'static str, &'static str)>,
    body: Option<(&'static str, RefOr<Schema>)>,
    answer: Option<RefOr<Schema>>,
    answer_type: &'static str,
    schemas: Schemas,
}

/// What the route does, in a Chinese phrase.
impl Doc {
    /// Starts a description.
    pub fn new(summary: &'static str) -> Self {
        let (query, schemas) = (Vec::new(), Vec::new());
        Self {
            summary,
            query,
            body: None,
            answer: None,
            answer_type: "application/json",
            schemas,
        }
    }

    /// Adds a query parameter with what it means, in Chinese.
    #[must_use]
    pub fn query(mut self, name: &'static str, meaning: &'static str) -> Self {
        self.query.push((name, meaning));
        self
    }

    /// The JSON body.
    #[must_use]
    pub fn body<T: ToSchema>(mut self) -> Self {
        self.body = Some(("application/json", self.named::<T>()));
        self
    }

    /// A body of another type, such as a CSV file.
    #[must_use]
    pub fn raw_body(mut self, media_type: &'static str) -> Self {
        self.body = Some((media_type, ObjectBuilder::new().schema_type(Type::String).into()));
        self
    }

    /// The JSON answer.
    #[must_use]
    pub fn answer<T: ToSchema>(mut self) -> Self {
        self.answer = Some(self.named::<T>());
        self
    }

    /// The answer as a plain list.
    #[must_use]
    pub fn list_of<T: ToSchema>(mut self) -> Self {
        let item = self.named::<T>();
        self.answer = Some(ArrayBuilder::new().items(item).into());
        self
    }

    /// The answer as a list in a page.
    #[must_use]
    pub fn page_of<T: ToSchema>(mut self) -> Self {
        self.named::<T>();
        self.query("cursor", "上一页给出的 next")
            .query("limit", "每页条数，最多 200")
            .answer::<PageView<T>>()
    }

    /// An answer of another type, such as text.
    #[must_use]
    pub fn raw_answer(mut self, media_type: &'static str) -> Self {
        self.answer = Some(ObjectBuilder::new().schema_type(Type::String).into());
        self.answer_type = media_type;
        self
    }

    fn named<T: ToSchema>(&mut self) -> RefOr<Schema> {
        let name = T::name().into_owned();
        T::schemas(&mut self.schemas);
        self.schemas.push((name.clone(), T::schema()));
        Ref::from_schema_name(name).into()
    }
}

/// A page of a list.
#[derive(Debug, serde::Serialize, serde::Deserialize, ToSchema)]
pub struct PageView<T: ToSchema> {
    /// The rows.
    pub items: Vec<T>,
    /// Ask with this `cursor` for the next page; absent on the last.
    pub next: Option<String>,
    /// How many rows there are in all, where that is known cheaply.
    pub total: Option<i64>,
    /// Where they were not counted to the end: there are more than so many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub more_than: Option<i64>,
}

/// The whole document.
pub fn openapi(entries: &[Entry]) -> OpenApi {
    let mut components = ComponentsBuilder::new().security_scheme(
        "token",
        SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build()),
    );
    components = components.schema(ProblemView::name(), ProblemView::schema());
    let mut more = Schemas::new();
    ProblemView::schemas(&mut more);
    for (name, schema) in more
        .into_iter()
        .chain(entries.iter().flat_map(|e| e.doc.schemas.iter().cloned()))
    {
        components = components.schema(name, schema);
    }
    let info = InfoBuilder::new()
        .title("信衡 Xinheng")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "事中事后监管平台接口。出错时返回 application/problem+json(RFC 9457)。",
        ));
    let mut api = OpenApiBuilder::new()
        .info(info.build())
        .components(Some(components.build()))
        .build();
    for entry in entries {
        let method = match entry.method {
            axum::http::Method::POST => HttpMethod::Post,
            axum::http::Method::PUT => HttpMethod::Put,
            axum::http::Method::DELETE => HttpMethod::Delete,
            _ => HttpMethod::Get,
        };
        api.paths
            .add_path_operation(entry.path, vec![method], operation(entry));
    }
    api
}

fn operation(entry: &Entry) -> Operation {
    let doc = &entry.doc;
    let tag = entry
        .path
        .trim_start_matches("/api/v1/")
        .split('/')
        .next()
        .unwrap_or("edge");
    let mut operation = OperationBuilder::new()
        .tag(tag)
        .summary(Some(doc.summary))
        .operation_id(Some(entry.operation_id()))
        .description(Some(format!("权限：{}", entry.permission.0)));
    for name in path_parameters(entry.path) {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .schema(Some(ObjectBuilder::new().schema_type(Type::String))),
        );
    }
    for (name, meaning) in &doc.query {
        operation = operation.parameter(
            ParameterBuilder::new()
                .name(*name)
                .parameter_in(ParameterIn::Query)
                .required(Required::False)
                .description(Some(*meaning))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String))),
        );
    }
    if let Some((media, schema)) = &doc.body {
        let body = RequestBodyBuilder::new().required(Some(Required::True));
        operation = operation.request_body(Some(
            body.content(*media, Content::new(Some(schema.clone()))).build(),
        ));
    }
    let mut good = ResponseBuilder::new().description("成功");
    if let Some(schema) = &doc.answer {
        good = good.content(doc.answer_type, Content::new(Some(schema.clone())));
    }
    operation = operation.response("200", good.build());
    let problem = Ref::from_schema_name(ProblemView::name());
    let bad = ResponseBuilder::new()
        .description("出错")
        .content("application/problem+json", Content::new(Some(problem)))
        .build();
    operation = operation.response("default", bad);
    if entry.permission != may::PUBLIC {
        let none: [&str; 0] = [];
        operation = operation.security(SecurityRequirement::new("token", none));
    }
    operation.build()
}

fn path_parameters(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

impl<T: ToSchema> PageView<T> {
    /// The key after which a page starts: the cursor's, or `start` on the first page.
    pub fn after(cursor: Option<&str>, start: i64) -> Outcome<i64> {
        cursor.map_or(Ok(start), |text| Cursor::from_text(text).decode())
    }

    /// Cuts rows (one more than asked for, when there are more) to a page.
    pub fn cut(mut items: Vec<T>, limit: i64, key: impl Fn(&T) -> i64) -> Outcome<Self> {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = match items.last().filter(|_| more) {
            Some(last) => Some(Cursor::encode(&key(last))?.into_string()),
            None => None,
        };
        Ok(Self {
            items,
            next,
            total: None,
            more_than: None,
        })
    }

    /// Like [`PageView::cut`] where several rows in sequence share a key: a page ends between two keys, so that the cursor
    /// leaves none out. Only when all rows asked for share one it ends within it.
    pub fn cut_between(mut items: Vec<T>, limit: i64, key: impl Fn(&T) -> i64) -> Outcome<Self> {
        let full = usize::try_from(limit).unwrap_or(0);
        if items.len() <= full {
            return Ok(Self::whole(items));
        }
        let last = items.last().map(&key);
        if items.first().map(&key) != last {
            items.retain(|item| Some(key(item)) != last);
        }
        let next = items.last().map(&key);
        Self::whole(items).followed_by(next)
    }

    /// A page that holds all there is.
    pub fn whole(items: Vec<T>) -> Self {
        Self {
            items,
            next: None,
            total: None,
            more_than: None,
        }
    }

    /// Says that more follows after a key.
    pub fn followed_by(mut self, key: Option<i64>) -> Outcome<Self> {
        self.next = key
            .map(|key| Cursor::encode(&key))
            .transpose()?
            .map(Cursor::into_string);
        Ok(self)
    }

    /// States how many rows there are in all.
    #[must_use]
    pub fn with_total(mut self, total: i64) -> Self {
        self.total = Some(total);
        self
    }
}

/// Rows on a page when none are asked for.
const PAGE: i64 = 50;
/// Most rows on a page.
const PAGE_MOST: i64 = 200;

/// How many rows a page has: what was asked for, within bounds.
pub fn page_limit(asked: Option<i64>) -> Outcome<i64> {
    match asked {
        None => Ok(PAGE),
        Some(limit) if (1..=PAGE_MOST).contains(&limit) => Ok(limit),
        Some(_) => Err(Fault::new(
            FaultKind::Malformed,
            "edge.page.limit",
            format!("每页条数 limit 须在 1 至 {PAGE_MOST} 之间。"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::PageView;

    #[test]
    fn pages_that_end_between_two_keys_give_every_row_once() {
        let rows = [9_i64, 9, 7, 7, 7, 4, 3, 3];
        for limit in 3..10 {
            let (mut before, mut seen) = (i64::MAX, Vec::new());
            loop {
                let least = usize::try_from(limit).unwrap() + 1;
                let found = rows
                    .iter()
                    .copied()
                    .filter(|row| *row < before)
                    .take(least)
                    .collect();
                let page = PageView::cut_between(found, limit, |row| *row).unwrap();
                assert!(page.items.len() <= usize::try_from(limit).unwrap());
                seen.extend_from_slice(&page.items);
                match page.next {
                    Some(next) => before = PageView::<i64>::after(Some(&next), 0).unwrap(),
                    None => break,
                }
            }
            assert_eq!(seen, rows, "{limit}");
        }
    }
}
