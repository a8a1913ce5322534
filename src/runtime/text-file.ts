/** The text of a file. Rejects with the system's reason when it cannot be read. */
export const readTextFile = (path: string): Promise<string> => Bun.file(path).text();
