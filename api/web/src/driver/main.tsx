import "../style/base.css";
import "./driver.css";
import { mount } from "../parts/mount";
import { Driver } from "./Driver";

void mount(Driver);
