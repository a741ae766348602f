import "../style/base.css";
import "./driver.css";
import "./answers.css";
import { mount } from "../parts/mount";
import { Driver } from "./Driver";
import { Login } from "./Login";
import { code, kept } from "./view";
import { driversWords } from "./words";
import { keepPage } from "./worker";

const wished = kept.value?.view.language ?? null;
void mount(code === "" ? Login : Driver, driversWords, wished).then(keepPage);
