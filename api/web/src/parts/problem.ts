import { t } from "../language";
import { ApiError } from "../request";

/** What went wrong, as a sentence for the reader. */
export function problem(error: unknown): string {
  if (error instanceof ApiError && error.status === 0) return t("common.no_network");
  if (error instanceof ApiError) {
    return t("common.server_error", { status: error.status, detail: error.message });
  }
  return error instanceof Error ? error.message : String(error);
}
