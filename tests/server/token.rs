//! With a token, every route but health wants it.

use crate::http::request;
use crate::process::Process;
use crate::schema::Description;

#[test]
fn every_route_but_health_wants_the_token() {
    let server = Process::server(["--memory", "--token", "secret"]);
    let with =
        |token: &str| server.send(&request("GET", "/openapi.json").header("Authorization", token));
    assert_eq!(with("Bearer secret").status, 200);
    for token in ["Bearer secre", "Bearer secrets", "Bearer ", "Basic secret", "secret", ""] {
        let refused = with(token);
        assert_eq!((refused.status, refused.code().as_deref()), (401, Some("unauthorized")));
        assert_eq!(refused.header("WWW-Authenticate"), Some("Bearer"));
    }
    let description = Description(with("Bearer secret").json());
    for operation in description.operations() {
        let refused = server.send(&request(&operation.method, operation.path));
        let expected = match operation.path {
            "/healthz" | "/readyz" => 200,
            _ => 401,
        };
        assert_eq!(refused.status, expected, "{} {}", operation.method, operation.path);
        assert!(!refused.text().contains("secret"));
    }
    // Nor is it told what there is.
    assert_eq!(server.get("/nothing").status, 401);
}
