/** The time of the pages under test: three pushes of the day were sent, and one is due in 9 minutes. */
export const NOW = new Date("2024-12-07T16:21:00Z");
