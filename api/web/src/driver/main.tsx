import "../style/base.css";
import "./driver.css";
import { mount } from "../parts/mount";
import { Driver } from "./Driver";
import { kept } from "./view";
import { driversWords } from "./words";

void mount(Driver, driversWords, kept.value?.view.language ?? null);
