declare module "*?part=driver" {
  export const page: import("../language").Words;
}
