/** A value as a file on the reader's machine. */
export function saveFile(name: string, value: unknown): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(value, null, 1)]));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
