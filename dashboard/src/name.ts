/** One name for the product and its page. */
export const NAME = "Proof of push";
