//! The one reader of `template.yaml` in Rust: its tables, routes, functions and parameters, for `cargo dev`, tests, benches and
//! capacity.

mod cors;
mod document;
mod error;
mod function;
mod intrinsic;
mod route;
mod table;

pub use cors::Cors;
pub use error::TemplateError;
pub use function::Function;
pub use route::Route;
pub use table::Table;

use document::Document;

/// The tables, routes, functions and properties of a SAM template.
///
/// Everything is read when the text is parsed, so a template that this crate can't read is rejected at the
/// start and not later.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    document: Document,
    tables: Vec<Table>,
    routes: Vec<Route>,
    functions: Vec<Function>,
    cors: Option<Cors>,
}

impl Template {
    /// Returns the template of this project, as it was when this crate was built.
    pub fn of_this_project() -> Result<Self, TemplateError> {
        Self::parse(include_str!("../../../template.yaml"))
    }

    /// Reads the text of a SAM template.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] names the logical id of the resource that can't be read.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let document = Document::parse(text)?;
        Ok(Self {
            tables: table::tables(&document)?,
            routes: route::routes(&document)?,
            functions: function::functions(&document)?,
            cors: cors::cors(&document)?,
            document,
        })
    }

    /// Adds the tables, routes and functions of another template, such as an example's that is served beside this one. Parameters and
    /// other resources stay this template's.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.tables.extend(other.tables);
        self.routes.extend(other.routes);
        self.functions.extend(other.functions);
        self
    }

    /// Returns the CORS configuration of the HTTP API, which applies once there are allowed origins.
    pub fn cors(&self) -> Option<&Cors> {
        self.cors.as_ref()
    }

    /// Returns the tables, in the order of the template.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Returns the routes of the HTTP API, in the order of the template.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// Returns the functions, in the order of the template.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// Returns the logical ids of the resources of one type, such as `AWS::CloudWatch::Alarm`, in the order of the template.
    pub fn resources_of_type(&self, kind: &str) -> impl Iterator<Item = &str> {
        self.document
            .resources_of_type(kind)
            .map(|resource| resource.logical_id)
    }

    /// Returns a property of a parameter, such as `Default` or `MaxValue`, as text.
    pub fn parameter(&self, name: &str, property: &str) -> Option<String> {
        let value = self
            .document
            .section("Parameters", &format!("{name}/{property}"))?;
        intrinsic::text(&self.document, value)
    }

    /// Returns the text at `path` in a resource, with the defaults of the parameters that it refers to. `None` if there is none, or
    /// if only a deployment knows it.
    ///
    /// The keys of the path are exact, so one of them may be a route: `["Properties", "RouteSettings", "GET /users/me"]`. In a list, a key
    /// is an index.
    pub fn text(&self, logical_id: &str, path: &[&str]) -> Option<String> {
        let value = path
            .iter()
            .try_fold(self.document.resource(logical_id)?, |value, key| {
                value.get(key).or_else(|| value.get(key.parse::<usize>().ok()?))
            })?;
        intrinsic::text(&self.document, value)
    }
}
