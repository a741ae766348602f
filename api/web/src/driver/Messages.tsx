import { t } from "../language";
import { clockTime, dayMonth, instant } from "../time";
import type { DriverView } from "../types";

export function Messages({ view }: { view: DriverView }) {
  const newestFirst = [...view.messages].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
  return (
    <section class="messages">
      <h2>{t("driver.messages")}</h2>
      {newestFirst.length === 0 && <p>{t("driver.no_messages")}</p>}
      <ol>
        {newestFirst.map((message) => {
          const at = instant(message.at);
          return (
            <li key={`${message.at} ${message.kind}`} data-kind={message.kind}>
              <p>
                <b>{t(`message_title.${message.kind}`)}</b>
                <time>
                  {clockTime(at, view.timezone)} · {dayMonth(at, view.timezone)}
                </time>
              </p>
              <p>{message.text}</p>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
