/**
 * Keeps answers in the order of their questions: over a bad network one may come after that to a
 * later question, and one may take longer than until the next is asked.
 *
 * What is returned is called as a question is asked; what that returns, as its answer is there, and
 * it says whether the answer is news.
 */
export function inOrder(): () => () => boolean {
  let questions = 0;
  let newest = 0;
  return () => {
    questions += 1;
    const mine = questions;
    return () => {
      if (mine < newest) return false;
      newest = mine;
      return true;
    };
  };
}
