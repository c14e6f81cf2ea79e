/** Where a process of a replica is passed requests. Names of meshes and processes hold no dot. */
export const homeSubject = (mesh: string, process: string): string => `capmesh.v1.homes.${mesh}.${process}`;

/** Where it hears what a home made of them; whoever has nobody listening there is told of by the server on the same subject. */
export const answersSubject = (mesh: string, process: string, home: string): string =>
  `${homeSubject(mesh, process)}.answers.${home}`;

/** The home that an answer comes from. */
export const answeringHome = (subject: string): string => subject.slice(subject.lastIndexOf('.') + 1);
