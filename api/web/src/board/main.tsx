import "../style/base.css";
import "./board.css";
import { mount } from "../parts/mount";
import { Board } from "./Board";
import { allWords } from "../words";

void mount(Board, allWords);
