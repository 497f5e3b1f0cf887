//! A [`Service`] on a loopback socket, for any AWS client.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::body::Once;
use super::service::{Outcome, Service};

/// How long accepting rests after a failure.
const PAUSE: Duration = Duration::from_millis(10);

/// A running server. Dropping it stops accepting; [`Serving::stop`] waits for that.
#[derive(Debug)]
pub struct Serving {
    address: SocketAddr,
    accepting: JoinHandle<Infallible>,
}

impl Serving {
    /// The endpoint, for `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops accepting connections and waits until the socket is closed.
    pub async fn stop(mut self) {
        self.accepting.abort();
        // Aborted on purpose: the error says just that.
        let _ = (&mut self.accepting).await;
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Serves `service` at `address` (port 0: any free one), one task a connection.
///
/// # Errors
/// `InvalidInput` if the address is not loopback; otherwise what binding says.
pub async fn serve(service: Arc<dyn Service>, address: SocketAddr) -> io::Result<Serving> {
    if !address.ip().is_loopback() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("the simulated AWS is served on loopback only, not on `{address}`"),
        ));
    }
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let accepting = tokio::spawn(accept(listener, service));
    Ok(Serving { address, accepting })
}

async fn accept(listener: TcpListener, service: Arc<dyn Service>) -> Infallible {
    loop {
        // A client that went away, or no descriptors left: either way the server goes on.
        if let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, service.clone()));
        } else {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn connection(stream: TcpStream, service: Arc<dyn Service>) {
    // Without it every call takes 40 ms longer; a refusal is not worth failing for.
    let _ = stream.set_nodelay(true);
    let handler = service_fn(move |request| answer(service.clone(), request));
    // An error here is a broken connection, often one that a fault broke on purpose.
    let _ = http1::Builder::new()
        // The SDK reads clock skew from `Date`, and the simulator's clock is virtual.
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), handler)
        .await;
}

async fn answer(
    service: Arc<dyn Service>,
    request: http::Request<Incoming>,
) -> io::Result<http::Response<Once>> {
    let (head, body) = request.into_parts();
    let body: Bytes = body.collect().await.map_err(io::Error::other)?.to_bytes();
    let request = http::Request::from_parts(head, body);
    let reply = service.handle(service.now(), &request);
    if !reply.after.is_zero() {
        tokio::time::sleep(reply.after).await;
    }
    match reply.outcome {
        Outcome::Answer(response) => Ok(response.map(Once::whole)),
        Outcome::CutBody(response) => Ok(response.map(|bytes| Once::cut(&bytes))),
        Outcome::SlowBody(response, time) => Ok(response.map(|bytes| Once::slow(&bytes, time))),
        // Both end the connection without an answer; a true RST is left to the in-process connector.
        Outcome::Reset => Err(io::ErrorKind::ConnectionReset.into()),
        Outcome::Closed => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
