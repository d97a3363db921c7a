/** More runs than this are not told apart where they are compared. */
export const MOST_COMPARED = 200;
