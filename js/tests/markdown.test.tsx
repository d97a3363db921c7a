// @vitest-environment happy-dom
import { render } from "preact";
import { describe, expect, it } from "vitest";
import { Markdown } from "../src/dashboard/components/markdown";

function drawn(text: string): HTMLElement {
  const root = document.createElement("div");
  render(<Markdown text={text} />, root);
  return root;
}

describe("notes in Markdown", () => {
  it("are headings, lists, code, tables and links", () => {
    const root = drawn(
      "# Title\n\nSome *soft* and **hard** `code`.\n\n- one\n- [x] two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```py\nx = 1\n```\n\n[docs](https://example.org/a)",
    );
    expect(root.querySelector("h3")?.textContent).toBe("Title");
    expect(root.querySelector("em")?.textContent).toBe("soft");
    expect(root.querySelectorAll("li")).toHaveLength(2);
    expect(root.querySelector<HTMLInputElement>("li input")?.checked).toBe(true);
    expect(root.querySelectorAll("td")).toHaveLength(2);
    expect(root.querySelector("pre")?.textContent).toBe("x = 1");
    expect(root.querySelector("a")).toMatchObject({ rel: "noopener noreferrer nofollow", target: "_blank" });
  });

  it.each([
    "<script>alert(1)</script>",
    "text <img src=x onerror=alert(1)> more",
    "[run](javascript:alert(1))",
    "[run](  JaVaScRiPt:alert(1))",
    "[run](data:text/html,x)",
    "[run](//evil.example)",
    "![see](https://evil.example/pixel.png)",
    '<https://evil.example/" onmouseover=alert(1)>',
    `${"> ".repeat(300)}deep`,
  ])("never become markup, scripts or requests: %s", (text) => {
    const root = drawn(text);
    expect(root.querySelectorAll("script, img, iframe, [onerror], [onmouseover]")).toHaveLength(0);
    for (const link of root.querySelectorAll("a")) expect(link.href).toMatch(/^https:\/\/evil\.example\//);
    expect(root.textContent).not.toBe("");
  });

  it("say what was typed, signs and all", () => {
    expect(drawn("a < b && c > d \"q\" 'x' <b>raw</b>").textContent).toBe(
      "a < b && c > d \"q\" 'x' <b>raw</b>",
    );
  });
});
