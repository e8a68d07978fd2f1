//! Optional extension `dashboard`: the page on which an operator sees what the host and its extensions do.
//!
//! | | |
//! |---|---|
//! | handles | requests of browsers |
//! | emits | - |
//! | config keys | - |
//! | stored keys | - |
//!
//! Invariant: the page's files hold no data and no secret, so they are sent to whom the host's `access` admits. The page
//! asks the host's operator API for everything that it shows, and knows no extension.

mod files;
#[cfg(test)]
mod tests;

use tig_plugin_api::prelude::*;

/// What the page may do in the browser: load its own files, and ask the host that it came from.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     connect-src 'self'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; \
     form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The extension has no settings.
#[derive(ConfigSchema, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {}

struct Dashboard;

#[extension(routes("GET /operator", "GET /operator/", "GET /operator/assets/*"))]
impl Dashboard {
    fn new(_config: Config, _ctx: &mut Context<'_>) -> Result<Self> {
        Ok(Self)
    }

    fn on_http_request(
        &mut self,
        _ctx: &mut Context<'_>,
        request: HttpRequest,
    ) -> Result<HttpReply> {
        Ok(reply(&request))
    }
}

/// The file that is asked for; nothing but its headers if the browser has it already.
fn reply(request: &HttpRequest) -> HttpReply {
    if request.path == "/operator" {
        // The page's own links are relative to the folder.
        return guarded(HttpReply::text(308, "the page is at /operator/\n"))
            .with_header("Location", "/operator/");
    }
    let Some(file) = files::find(&request.path) else {
        return guarded(HttpReply::text(404, "the dashboard has no such file\n"));
    };
    let tag = file.tag();
    let mut reply = HttpReply::text(200, "");
    reply.content_type = file.content_type.to_owned();
    if request.header("if-none-match") == Some(&tag) {
        reply.status = 304;
    } else {
        reply.body = file.content.to_vec();
    }
    // A reload of the extension shows at once, and unchanged files are not sent twice.
    guarded(reply)
        .with_header("Cache-Control", "no-cache")
        .with_header("ETag", &tag)
}

fn guarded(reply: HttpReply) -> HttpReply {
    reply
        .with_header("Content-Security-Policy", CONTENT_SECURITY_POLICY)
        .with_header("X-Content-Type-Options", "nosniff")
        .with_header("Referrer-Policy", "no-referrer")
        .with_header("Cross-Origin-Opener-Policy", "same-origin")
        .with_header("Cross-Origin-Resource-Policy", "same-origin")
        .with_header("X-Frame-Options", "DENY")
}
