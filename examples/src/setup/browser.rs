//! Addresses to open in a browser, and what comes back.

use std::process::{Command, Stdio};

use remote_core::{
    auth::{RedirectReceiver, SignIn},
    error::report,
    setup::{Answer, Back, Question},
};
use url::Url;

use super::{
    ask::{answer_of, label},
    terminal::Terminal,
};
use crate::program::Result;

/// Shows the address; what comes back is received on this machine where that is possible, and typed in otherwise.
pub(super) async fn ask(
    question: &Question,
    address: &str,
    back: &Back,
    terminal: &mut Terminal<'_>,
) -> Result<Answer> {
    let then = match back {
        Back::Redirect { to } => {
            if let Some(answer) = receive(address, to, terminal).await? {
                return Ok(answer);
            }
            format!(
                "Sign in there. In the end the browser goes to an address that begins with {to}, and may show an error: copy that whole address, and paste it here."
            )
        }
        _ => "The page shows a code: type it in here.".to_owned(),
    };
    terminal.say(&format!(
        "\nOpen this address in a browser:\n\n    {address}\n\n{then}"
    ))?;
    Ok(answer_of(question, &terminal.line(label(question)).await?))
}

/// Waits for the browser on this machine; nothing if that is not possible, or not wanted.
async fn receive(address: &str, to: &str, terminal: &mut Terminal<'_>) -> Result<Option<Answer>> {
    let (Some(to), Some(sign_in)) = (
        redirect_on_this_machine(to),
        Url::parse(address).ok().and_then(SignIn::of_address),
    ) else {
        return Ok(None);
    };
    terminal.say("\nUse the browser of this machine? Say no on a machine without one.")?;
    if !terminal.yes_no(true).await? {
        return Ok(None);
    }
    let receiver = match RedirectReceiver::bind_port(to.port_or_known_default().unwrap_or(0)).await
    {
        Ok(receiver) => receiver,
        Err(error) => {
            terminal.say(&report(&error))?;
            return Ok(None);
        }
    };
    let start = receiver.start_url(&sign_in);
    terminal.say(&format!("\nOpen this address in the browser, unless it opens by itself:\n\n    {start}\n\nWaiting until you have signed in …"))?;
    if terminal.is_terminal() {
        open(&start);
    }
    let received = terminal.wait(receiver.receive(&sign_in)).await?;
    match received {
        Ok(code) => {
            let mut back = to;
            back.query_pairs_mut()
                .append_pair("code", code.expose())
                .append_pair("state", sign_in.state().expose());
            Ok(Some(Answer::text(back)))
        }
        Err(error) => {
            terminal.say(&report(&error))?;
            Ok(None)
        }
    }
}

fn redirect_on_this_machine(to: &str) -> Option<Url> {
    let url = Url::parse(to).ok()?;
    let here = matches!(url.host_str(), Some("127.0.0.1" | "localhost"));
    (here && url.scheme() == "http" && url.path() == "/").then_some(url)
}

/// Asks the desktop to open an address. Where there is none, the address stands on the terminal.
fn open(address: &Url) {
    let (program, arguments): (_, &[&str]) = if cfg!(target_os = "macos") {
        ("open", &[])
    } else if cfg!(windows) {
        ("rundll32", &["url.dll,FileProtocolHandler"])
    } else {
        ("xdg-open", &[])
    };
    let started = Command::new(program)
        .args(arguments)
        .arg(address.as_str())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    drop(started);
}

#[cfg(test)]
mod tests {
    use remote_transfer::Cancel;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;
    use crate::console::Console;

    /// Asks like a browser; returns the answer once somebody listens.
    async fn get(port: u16, target: &str) -> String {
        loop {
            if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await {
                let request = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
                stream.write_all(request.as_bytes()).await.unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).await.unwrap();
                return answer;
            }
            tokio::task::yield_now().await;
        }
    }

    /// A port that was free a moment ago.
    async fn free_port() -> u16 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        listener.local_addr().unwrap().port()
    }

    async fn asked(input: &'static [u8], address: &str, back: &Back) -> (Answer, String) {
        let (mut console, out, _) = Console::captured(input);
        let mut terminal = Terminal::new(&mut console, Cancel::new());
        let question = Question::open_address("config_browser", "Sign in.", address, back.clone());
        let answer = ask(&question, address, back, &mut terminal).await.unwrap();
        (answer, out.text())
    }

    const ADDRESS: &str = "https://id.example/auth?client_id=x&state=s%2B1";

    #[tokio::test]
    async fn what_the_browser_brings_is_the_answer() {
        let port = free_port().await;
        let to = format!("http://127.0.0.1:{port}/");
        let redirect = Back::Redirect { to: to.clone() };
        let browser = async {
            let sent = get(port, "/auth?state=s%2B1").await;
            assert!(sent.contains(ADDRESS), "{sent}");
            get(port, "/?code=c%261&state=s%2B1").await
        };
        let ((answer, _), _) = tokio::join!(asked(b"y\n", ADDRESS, &redirect), browser);
        assert_eq!(answer.expose(), format!("{to}?code=c%261&state=s%2B1"));
    }

    #[tokio::test]
    async fn a_refusal_is_told_and_the_address_can_be_pasted() {
        let port = free_port().await;
        let to = format!("http://127.0.0.1:{port}/");
        let redirect = Back::Redirect { to };
        let browser = get(port, "/?error=access_denied&state=s%2B1");
        let asked = asked(b"y\nhttp://127.0.0.1/?code=x\n", ADDRESS, &redirect);
        let ((answer, printed), _) = tokio::join!(asked, browser);
        assert_eq!(answer.expose(), "http://127.0.0.1/?code=x");
        assert!(printed.contains("access_denied"), "{printed}");
    }

    #[tokio::test]
    async fn without_a_browser_or_a_way_back_the_answer_is_pasted() {
        let elsewhere = Back::Redirect {
            to: "https://app.example/done".to_owned(),
        };
        let here = Back::Redirect {
            to: "http://localhost:53682/".to_owned(),
        };
        for (input, address, back) in [
            (&b"pasted\n"[..], ADDRESS, &Back::Code),
            (b"pasted\n", ADDRESS, &elsewhere),
            (b"pasted\n", "https://id.example/no-state", &here),
            (b"n\npasted\n", ADDRESS, &here),
        ] {
            let (answer, printed) = asked(input, address, back).await;
            assert_eq!(answer.expose(), "pasted");
            assert!(printed.contains(address), "{printed}");
        }
    }
}
