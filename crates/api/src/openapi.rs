//! The description of the API: OpenAPI 3.1, generated from the handlers, committed as `openapi/throughline.json`.

use utoipa::OpenApi;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Throughline",
        description = "A self-hosted integration hub for professional services firms.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    paths(
        crate::events::take,
        crate::imports::take,
        crate::start::start,
        crate::runs::list,
        crate::runs::show,
        crate::records::list,
        crate::records::show,
        crate::records::history,
        crate::links::list,
        crate::rejected::list,
        crate::rejected::show,
        crate::rejected::replay,
        crate::webhooks::take,
        crate::flows::list,
        crate::systems::list,
        crate::counts::show,
        crate::health::alive,
        crate::health::ready,
        crate::health::metrics,
    )
)]
struct Document;

/// The description as JSON text.
pub fn document() -> String {
    let mut text = Document::openapi().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    #[test]
    fn the_committed_description_is_fresh() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi/throughline.json");
        let text = super::document();
        if std::env::var_os("THROUGHLINE_BLESS").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &text).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(committed == text, "openapi/throughline.json is stale; `cargo xtask bless` writes it anew");
    }
}
