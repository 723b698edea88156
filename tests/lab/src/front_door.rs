//! The front door: one port for every AWS client. A call is parsed, faults are applied, its service
//! handles it, and the ledger records it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use crate::backend::Backend;
use crate::faults::{FaultKind, InjectedFault};
use crate::service::{Answer, Call};
use crate::{clients, control, errors, order};

/// Ends a connection without a response.
#[derive(Debug)]
struct ConnectionCut;

impl std::fmt::Display for ConnectionCut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("connection cut")
    }
}

impl std::error::Error for ConnectionCut {}

/// Serves connections until the task is aborted.
pub async fn serve(house: Arc<Backend>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                tokio::spawn(connection(house.clone(), stream, peer));
            }
            Err(error) => {
                tracing::warn!(%error, "accepting a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(house: Arc<Backend>, stream: TcpStream, peer: SocketAddr) {
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request| {
        let house = house.clone();
        // A task of its own: a received call continues if its client disconnects or is killed.
        let answer = tokio::spawn(async move { house.request(request, peer).await });
        async move { answer.await.unwrap_or(Err(ConnectionCut)) }
    });
    // An error here is a disconnected client, or an injected fault.
    let _ = hyper::server::conn::http1::Builder::new()
        .preserve_header_case(true)
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

impl Backend {
    async fn request(&self, request: Request<Incoming>, peer: SocketAddr) -> Result<Response<Body>, ConnectionCut> {
        let time = self.world.clock.now();
        let (parts, body) = request.into_parts();
        let body = axum::body::to_bytes(Body::new(body), usize::MAX)
            .await
            .map_err(|_| ConnectionCut)?;
        let path = parts.uri.path().to_owned();
        let query = parts.uri.query().unwrap_or("").to_owned();
        let call = Call::read(parts.method, path, query, parts.headers, body);
        if call.path == "/_lab" || call.path.starts_with("/_lab/") {
            return Ok(respond(&call.method, control::answer(self, &call).await));
        }
        if call.path.starts_with("/_ministack") {
            return Ok(respond(&call.method, self.pass_on(&call).await));
        }
        let hit = self.world.faults.for_call(&call);
        let answer = self.answer(&call, hit, peer).await;
        self.ledger.write(time, &call, hit.map(|hit| hit.kind), answer.as_ref());
        match (hit.map(|hit| hit.kind), answer) {
            (
                Some(
                    FaultKind::CutBefore
                    | FaultKind::CutAfter
                    | FaultKind::KillCallerBefore
                    | FaultKind::KillCallerAfter,
                ),
                _,
            )
            | (_, None) => Err(ConnectionCut),
            (_, Some(answer)) => Ok(respond(&call.method, answer)),
        }
    }

    /// The response with the fault applied; none if the call had no effect and gets no response.
    async fn answer(&self, call: &Call, hit: Option<InjectedFault>, peer: SocketAddr) -> Option<Answer> {
        let Some(hit) = hit else {
            return Some(self.dispatch(call).await);
        };
        match hit.kind {
            FaultKind::Throttle => Some(errors::throttled(call)),
            FaultKind::AccessDenied => Some(errors::access_denied(call)),
            FaultKind::Error500 => Some(errors::internal(call)),
            FaultKind::Error503 => Some(errors::unavailable(call)),
            FaultKind::CutBefore => None,
            FaultKind::KillCallerBefore => {
                self.kill_client(peer).await;
                None
            }
            FaultKind::KillCallerAfter => {
                let answer = self.dispatch(call).await;
                self.kill_client(peer).await;
                Some(answer)
            }
            FaultKind::NoCapacity => Some(errors::no_capacity(call)),
            FaultKind::NotFoundYet => Some(errors::not_found(call)),
            FaultKind::WithoutTags => Some(order::without_tags(call, self.dispatch(call).await)),
            FaultKind::Slow => {
                tokio::time::sleep(Duration::from_millis(hit.milliseconds)).await;
                Some(self.dispatch(call).await)
            }
            _ => Some(self.dispatch(call).await),
        }
    }

    async fn dispatch(&self, call: &Call) -> Answer {
        if let Some(refusal) = self.models.refuse(call) {
            return refusal;
        }
        let answer = self.service(call).await;
        self.world.order.apply(call, answer)
    }

    async fn service(&self, call: &Call) -> Answer {
        for service in &self.services {
            if let Some(answer) = service.answer(call).await {
                return answer;
            }
        }
        match call.service.as_str() {
            "autoscaling" | "ecs" => self.pass_on(&self.ordered(call)).await,
            _ => self.pass_on(call).await,
        }
    }

    /// The call with the faults and durations of the deployment, the task or the refresh that it starts, in additional headers.
    fn ordered(&self, call: &Call) -> Call {
        let mut call = call.clone();
        let starts =
            ["CreateService", "RunTask", "StartInstanceRefresh", "UpdateService"].contains(&call.action.as_str());
        let job = starts.then(|| self.world.faults.for_job(&call)).flatten();
        let durations = self.world.durations.seconds();
        let seconds = match call.action.as_str() {
            "RunTask" => durations.task_start,
            "StartInstanceRefresh" => durations.instance_refresh,
            _ => durations.service_deployment,
        };
        call.headers.insert(
            "x-lab-seconds",
            HeaderValue::from_str(&seconds.to_string()).unwrap_or(HeaderValue::from_static("0")),
        );
        if let Some(job) = job.and_then(|job| HeaderValue::from_str(&job.name()).ok()) {
            call.headers.insert("x-lab-job", job);
        }
        call
    }

    async fn pass_on(&self, call: &Call) -> Answer {
        match self.world.upstream.pass_on(call).await {
            Ok(answer) => answer,
            Err(error) => Answer::error(call.protocol, 502, "BadGateway", &error.to_string()),
        }
    }

    async fn kill_client(&self, peer: SocketAddr) {
        let killed = match self.ministack.pid().await {
            Some(ancestor) => clients::kill_client(peer, self.port, ancestor),
            None => None,
        };
        match killed {
            Some(pid) => tracing::info!(pid, "killed the caller, as requested"),
            None => tracing::warn!(%peer, "the caller is not one of the lab's functions and was not killed"),
        }
    }
}

fn respond(method: &Method, answer: Answer) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    for (name, value) in &answer.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
            headers.append(name, value);
        }
    }
    if let (false, Ok(kind)) = (
        answer.content_type.is_empty(),
        HeaderValue::from_str(&answer.content_type),
    ) {
        headers.insert(CONTENT_TYPE, kind);
    }
    if method != Method::HEAD {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(answer.body.len()));
        *response.body_mut() = Body::from(answer.body);
    }
    response
}
