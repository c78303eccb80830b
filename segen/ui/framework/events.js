// Runs before Gradio starts. Gradio's page takes the stream of its events for open until it reads that the server has
// closed it, and never hears of what it asks for in between. So the stream that it reads stays open here, and follows
// the server's: another is fetched where one has ended before all was told, or when the next event is asked for.
{
  const { fetch } = window;
  const asked = new Set(); // events whose end is still to be told
  const ended = new Set(); // events whose end was told before the answer that names them came
  const news = new EventTarget();

  const end = (event) => asked.delete(event) || ended.add(event);
  const ask = async (answer) => {
    const { event_id } = await answer.json();
    if (!ended.delete(event_id)) asked.add(event_id);
    news.dispatchEvent(new Event("asked"));
  };

  /** The messages of one stream of the server's, each a line of JSON after "data: ". */
  async function* messages(request) {
    const answer = await fetch(request);
    if (!answer.ok) throw new Error(answer.statusText);
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      yield* parts;
    }
  }

  async function follow(request, page) {
    for (;;) {
      for await (const message of messages(request)) {
        const { msg, event_id } = JSON.parse(message.slice("data: ".length));
        if (msg === "process_completed") end(event_id);
        if (msg !== "close_stream") page.enqueue(new TextEncoder().encode(message + "\n\n"));
      }
      if (asked.size) continue;
      await new Promise((resolve, reject) => {
        news.addEventListener("asked", resolve, { once: true });
        request.signal.addEventListener("abort", () => reject(request.signal.reason), { once: true });
      });
    }
  }

  const stays_open = (request) => {
    const start = (page) => void follow(request, page).catch((fault) => page.error(fault));
    return new Response(new ReadableStream({ start }));
  };

  window.fetch = async (...given) => {
    const { pathname } = new URL(given[0].url ?? given[0], location);
    if (pathname.endsWith("/queue/data")) return stays_open(new Request(...given));
    const answer = await fetch(...given);
    if (pathname.endsWith("/queue/join") && answer.ok) await ask(answer.clone());
    return answer;
  };
}
